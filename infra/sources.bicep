// Written from the code, not by hand. After a change of a source:
//   UPDATE_README=1 dotnet test --project tests/Pipeline.Functions.Tests --filter-trait written=from-code

metadata description = 'What depends on the sources: their settings, timers, tables and calendars. Import only; deploys nothing.'

@export()
@sealed()
@description('Sources, as one environment wants them to differ from the defaults.')
type sourceSettings = {
  @description('samples: the recorded samples, no network; live: the publishers.')
  Sources__Mode: ('live' | 'samples')?

  @description('Address of the trade API.')
  Census__BaseUrl: string?

  @description('Partners whose commodities are pulled: Schedule C codes such as `4621,5700`, or `*`; totals always cover all partners.')
  Census__Partners: string?

  @description('Any of `total,HS2,HS4,HS6`.')
  Census__Levels: string?

  @description('The first month wanted, `yyyy-MM`; from 2010 on whole years are loaded.')
  Census__From: string?

  @description('Address of the country balance file; empty switches it off.')
  Census__CountryFileUrl: string?

  @description('Address of UNCTAD\'s bulk archive; empty switches `fdi-flows-stock` off.')
  Unctad__BulkUrl: string?

  @description('Address of UNCTAD\'s catalogue, whose dates decide whether the archive is asked for; empty: it always is.')
  Unctad__CatalogueUrl: string?

  @description('Address of UNCTAD\'s user API, the second way; empty switches it off.')
  Unctad__ApiUrl: string?

  @description('Blob in the container `curated` with investment by partner; empty switches `fdi-partners` off.')
  Unctad__PartnersFile: string?

  @description('Address of the exchange\'s data service; empty switches `market-capitalisation` off.')
  Moex__IssUrl: string?

  @description('Address of the Bank of Russia\'s `table_ofz.xlsx`; it moves, so that there is no default.')
  Moex__OfzTableUrl: string?

  @description('Address of the depository\'s method; empty switches `nsd-holders` off.')
  Moex__NsdUrl: string?

  @description('Blob in the container `curated` with statements by country; empty switches `holders-by-country` off.')
  Moex__HoldersFile: string?
}

@export()
@description('A secret that the vault of an environment holds. A reference to one that it does not hold stops the app.')
type secretSetting = 'Census__ApiKey' | 'Unctad__ClientId' | 'Unctad__ClientSecret' | 'Moex__NsdApiKey'

@export()
@sealed()
@description('When the timers run, where it is not as usual: NCRONTAB with six fields, UTC.')
type schedules = {
  CENSUS_SCHEDULE: string?
  UNCTAD_SCHEDULE: string?
  MOEX_SCHEDULE: string?
  MONITOR_SCHEDULE: string?
}

@export()
@description('What holds where an environment says nothing, as in the code. Settings without a default are not here: empty, they would switch off what the samples hold.')
var sourceDefaults = {
  Sources__Mode: 'live'
  Census__BaseUrl: 'https://api.census.gov/data/timeseries/intltrade'
  Census__Partners: '4621'
  Census__Levels: 'total,HS2'
  Census__From: '1992-01'
  Census__CountryFileUrl: 'https://www.census.gov/foreign-trade/balance/country.xlsx'
  Unctad__BulkUrl: 'https://unctadstat-api.unctad.org/bulkdownload/US.FdiFlowsStock/US_FdiFlowsStock'
  Unctad__CatalogueUrl: 'https://unctadstat-api.unctad.org/api/datacenter/en'
  Unctad__ApiUrl: 'https://unctadstat-user-api.unctad.org/US.FdiFlowsStock/cur/Facts'
  Unctad__PartnersFile: 'fdi-partners.csv'
  Moex__IssUrl: 'https://iss.moex.com/iss'
  Moex__NsdUrl: 'https://nsddata.ru/api/get/assetholders'
  Moex__HoldersFile: 'holders.csv'
}

@export()
@description('Settings that are secrets, and the name of each in the vault.')
var secretNames = {
  Census__ApiKey: 'census-api-key'
  Unctad__ClientId: 'unctad-client-id'
  Unctad__ClientSecret: 'unctad-client-secret'
  Moex__NsdApiKey: 'moex-nsd-api-key'
}

@export()
@description('When the timers usually run. Each Plan timer runs at least daily, also for a yearly source: a log alert looks back two days at most, and a run without news costs one request.')
var scheduleDefaults = {
  CENSUS_SCHEDULE: '0 45 13 * * *'
  UNCTAD_SCHEDULE: '0 30 7 * * *'
  MOEX_SCHEDULE: '0 0 18 * * *'
  MONITOR_SCHEDULE: '0 */15 * * * *'
}

@export()
@description('Functions that plan a source, each with the longest time that may pass between two of its successes. A log alert looks back two days at most.')
var planTimers = [
  { function: 'PlanCensusTrade', window: 'P2D' }
  { function: 'PlanUnctadFdi', window: 'P2D' }
  { function: 'PlanMoexHolders', window: 'P2D' }
]

@export()
@description('Tables of figures.')
var factTables = [
  'trademonthly'
  'fdiannual'
  'fdipartners'
  'holders'
]

@export()
@description('The longest that a dataset may go without news before the alert data-stale fires, in days, from its publisher\'s calendar and some patience. 0: it has no calendar, because people maintain it or it is closed.')
var maximumAgeDays = {
  'census-trade/exports-total': 45
  'census-trade/imports-total': 45
  'census-trade/exports-hs2': 45
  'census-trade/imports-hs2': 45
  'census-trade/exports-hs4': 45
  'census-trade/imports-hs4': 45
  'census-trade/exports-hs6': 45
  'census-trade/imports-hs6': 45
  'census-trade/country-balance': 0
  'unctad-fdi/fdi-flows-stock': 400
  'unctad-fdi/fdi-partners': 0
  'moex-holders/holders-by-country': 0
  'moex-holders/market-capitalisation': 14
  'moex-holders/ofz-nonresidents': 50
  'moex-holders/nsd-holders': 14
}
