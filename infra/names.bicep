metadata description = 'Names that the code uses as well. Import only; deploys nothing. A test compares every list here with the code.'

@export()
@description('Containers of the data account.')
var containers = [
  'raw'
  'curated'
  'exports'
  'locks'
]

@export()
@description('The work queues. Each has a poison queue beside it: see queues.')
var stepQueues = [
  'pull'
  'normalize'
  'publish'
]

@export()
@description('All queues of the data account. The host would create a poison queue only when it needs it; a monitor wants it there before.')
var queues = flatten(map(stepQueues, queue => [queue, '${queue}-poison']))

@export()
@description('Tables of the data account.')
var tables = [
  // figures
  'trademonthly'
  'fdiannual'
  'fdipartners'
  'holders'
  // what is computed from them
  'indicators'
  'claims'
  // where they come from and how they got here
  'datasets'
  'history'
  'runs'
  'slices'
  'gaps'
  'rejects'
]

@export()
@description('Timer functions, each with the longest time that may pass between two of its successes. A log alert looks back two days at most.')
var timers = [
  { function: 'PlanCensusTrade', window: 'P2D' }
  { function: 'PlanUnctadFdi', window: 'P2D' }
  { function: 'PlanMoexHolders', window: 'P2D' }
  { function: 'Monitor', window: 'PT1H' }
]

@export()
@description('The longest that a dataset may go without news before the alert data-stale fires, in days, from its publisher\'s calendar and some patience. 0: it has no calendar, because people maintain it or it is closed.')
var maximumAgeDays = {
  // a month comes some five weeks after its end, so that releases are 28 to 35 days apart
  'census-trade/exports-total': 45
  'census-trade/imports-total': 45
  'census-trade/exports-hs2': 45
  'census-trade/imports-hs2': 45
  'census-trade/exports-hs4': 45
  'census-trade/imports-hs4': 45
  'census-trade/exports-hs6': 45
  'census-trade/imports-hs6': 45
  'census-trade/country-balance': 0 // only the months before 2010 are taken from it
  'unctad-fdi/fdi-flows-stock': 400 // once a year, after the report of June
  'unctad-fdi/fdi-partners': 0
  'moex-holders/market-capitalisation': 14 // trading days; the longest holidays are those of January
  'moex-holders/ofz-nonresidents': 50 // monthly, 23 to 33 days after the first, at times 46
  'moex-holders/nsd-holders': 14
  'moex-holders/holders-by-country': 0
}
