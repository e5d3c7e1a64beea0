metadata description = 'Names that the code uses as well. Import only; deploys nothing. A test compares every list here with the code.'

import { factTables, planTimers } from 'sources.bicep'

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
var tables = concat(factTables, [
  // what is computed from the figures
  'indicators'
  'claims'
  // dimensions, for joins
  'partners'
  'commodities'
  'periods'
  // where they come from and how they got here
  'datasets'
  'history'
  'runs'
  'slices'
  'gaps'
  'rejects'
])

@export()
@description('Timer functions, each with the longest time that may pass between two of its successes. A log alert looks back two days at most.')
var timers = concat(planTimers, [
  { function: 'Monitor', window: 'PT1H' }
])
