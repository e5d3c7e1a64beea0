metadata description = 'The app settings that the code reads, with the values it has without them. Import only; deploys nothing. A test compares them with the code.'

@export()
@sealed()
@description('Sources, as one environment wants them to differ from the defaults.')
type sourceSettings = {
  @description('samples: the recorded samples, no network; live: the publishers.')
  Sources__Mode: ('live' | 'samples')?

  @description('Address of the trade API.')
  Census__BaseUrl: string?

  @description('Partners whose commodities are pulled: Schedule C codes, or *.')
  Census__Partners: string?

  @description('Any of total,HS2,HS4,HS6.')
  Census__Levels: string?

  @description('The first month wanted, yyyy-MM.')
  Census__From: string?

  @description('Address of the country balance file; empty switches it off.')
  Census__CountryFileUrl: string?

  @description('Address of the bulk archive; empty switches it off.')
  Unctad__BulkUrl: string?

  @description('Address of the catalogue; empty: the archive is always asked for.')
  Unctad__CatalogueUrl: string?

  @description('Address of the user API; empty switches it off.')
  Unctad__ApiUrl: string?

  @description('Blob in the container curated; empty switches the dataset off.')
  Unctad__PartnersFile: string?

  @description('Address of the exchange; empty switches it off.')
  Moex__IssUrl: string?

  @description('Address of the Bank of Russia\'s table of OFZ. It moves, so that there is no default: without one the dataset is off when live.')
  Moex__OfzTableUrl: string?

  @description('Address of the depository; empty switches it off. It is asked only with a key.')
  Moex__NsdUrl: string?

  @description('Blob in the container curated; empty switches the dataset off.')
  Moex__HoldersFile: string?
}

@export()
@description('What holds where an environment says nothing: the same as in the code. Moex__OfzTableUrl is not here: empty, it would take from the samples what they have.')
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
@description('A secret that the vault of an environment holds. A reference to one that it does not hold stops the app.')
type secretSetting = 'Census__ApiKey' | 'Unctad__ClientId' | 'Unctad__ClientSecret' | 'Moex__NsdApiKey'

@export()
@sealed()
@description('When the timers run: NCRONTAB with six fields, UTC.')
type schedules = {
  CENSUS_SCHEDULE: string
  UNCTAD_SCHEDULE: string
  MOEX_SCHEDULE: string
  MONITOR_SCHEDULE: string
}
