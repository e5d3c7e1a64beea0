metadata description = 'Who is told of what. Each query is a file of ../alerts, to be read, and pasted into the workspace, as it is.'

import { maximumAgeDays } from '../sources.bicep'

@description('How far back an alert on logs may look; two days is the most.')
type lookBack = 'PT15M' | 'PT30M' | 'PT1H' | 'PT2H' | 'PT3H' | 'PT4H' | 'PT5H' | 'PT6H' | 'P1D' | 'P2D'

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags object

@description('What the names of all alerts begin with.')
param namePrefix string

@description('The sender in text messages.')
@maxLength(12)
param shortName string

@description('The workspace whose logs are looked at.')
param workspaceId string

@description('The component whose metrics are looked at.')
param applicationInsightsId string

@description('Who is told.')
param alertEmail string

@description('Address of the runbook. Each alert links to its place there.')
param runbookUrl string

@description('Whether alerts fire.')
param enabled bool

@description('Timer functions, and the time in which each must succeed at least once.')
param timers { function: string, window: lookBack }[]

@description('How many hours a slice may be past its due date.')
@minValue(1)
param overdueToleranceHours int

@description('Whether the figures come from the publishers. Recorded samples never change: their age says nothing.')
param figuresAreLive bool

// What the function Monitor measures, and when that is wrong. RUNBOOK.md says what each one means and what to do.
var gaugeRules = [
  {
    name: 'poison-backlog'
    severity: 2
    description: 'A poison queue holds messages.'
    gauge: 'pipeline.poison.messages'
    property: 'queue'
    condition: 'Value > 0'
  }
  {
    name: 'poison-expiring'
    severity: 1
    description: 'A message has been in a poison queue for five days; after seven it is gone.'
    gauge: 'pipeline.queue.oldest.minutes'
    property: 'queue'
    condition: 'queue endswith "-poison" and Value > 7200'
  }
  {
    name: 'queue-stuck'
    severity: 2
    description: 'A message has been waiting for six hours.'
    gauge: 'pipeline.queue.oldest.minutes'
    property: 'queue'
    condition: 'queue !endswith "-poison" and Value > 360'
  }
  {
    name: 'data-overdue'
    severity: 1
    description: 'A slice was due by the source\'s calendar and has not been answered.'
    gauge: 'pipeline.data.overdue.hours'
    property: 'dataset'
    condition: 'Value > ${overdueToleranceHours}'
  }
  {
    name: 'data-stale'
    severity: 2
    description: 'The source answers, and its figures have not changed for longer than its calendar explains.'
    gauge: 'pipeline.data.age.hours'
    property: 'dataset'
    condition: 'Value > 24 * todouble(dynamic(${string(toObject(filter(items(maximumAgeDays), item => item.value > 0), item => item.key, item => item.value))})[dataset])'
  }
  {
    name: 'quarantined-slice'
    severity: 2
    description: 'A check keeps the newest body of a slice out of the tables, which keep what they had.'
    gauge: 'pipeline.slices.quarantined'
    property: 'dataset'
    condition: 'Value > 0'
  }
  {
    name: 'ledger-gap'
    severity: 1
    description: 'The counts of a run do not add up to the rows that were read.'
    gauge: 'pipeline.ledger.gaps'
    property: 'source'
    condition: 'Value > 0'
  }
  {
    name: 'open-rejects'
    severity: 3
    description: 'Rows or bodies could not be parsed and wait for an operator.'
    gauge: 'pipeline.rejects.open'
    property: 'source'
    condition: 'Value > 0'
  }
  {
    name: 'revision-out-of-policy'
    severity: 2
    description: 'Figures changed in the last week that their publisher says are final.'
    gauge: 'pipeline.revisions.outofpolicy'
    property: 'table'
    condition: 'Value > 0'
  }
]

var logRules = concat(
  map(gaugeRules, rule => {
    name: rule.name
    severity: rule.severity
    description: rule.description
    query: replace(
      replace(replace(loadTextContent('../alerts/gauge.kql'), '{gauge}', rule.gauge), '{property}', rule.property),
      '{condition}',
      rule.condition
    )
    window: 'PT1H' // four runs of Monitor
    dimensions: [rule.property]
  }),
  map(timers, timer => {
    name: 'missed-${toLower(timer.function)}'
    severity: 1
    description: '${timer.function} has not succeeded within ${timer.window}.'
    query: replace(loadTextContent('../alerts/missed-run.kql'), '{function}', timer.function)
    window: timer.window
    dimensions: []
  }),
  [
    {
      name: 'plan-failed'
      severity: 2
      description: 'A run of a Plan function failed; nothing repeats it before its next time.'
      query: replace(
        loadTextContent('../alerts/failing-function.kql'),
        '{condition}',
        'Function startswith "Plan" and Failures > 0'
      )
      window: 'PT30M'
      dimensions: ['Function', 'Source']
    }
    {
      name: 'work-failing'
      severity: 2
      description: 'A function fails more often than a message that is tried five times explains.'
      query: replace(loadTextContent('../alerts/failing-function.kql'), '{condition}', 'Failures > 5')
      window: 'PT30M'
      dimensions: ['Function', 'Source']
    }
    {
      name: 'poison-message'
      severity: 1
      description: 'A message was given up and moved to a poison queue.'
      query: loadTextContent('../alerts/poison-message.kql')
      window: 'PT30M'
      dimensions: ['Function', 'Source']
    }
    {
      name: 'telemetry-cap'
      severity: 2
      description: 'The daily limit of logs is reached: the other alerts on logs are blind until its reset.'
      query: loadTextContent('../alerts/telemetry-cap.kql')
      window: 'PT1H'
      dimensions: []
    }
    {
      name: 'secret-expiry'
      severity: 1
      description: 'A secret of the vault expires within 30 days.'
      query: loadTextContent('../alerts/secret-expiry.kql')
      window: 'P1D'
      dimensions: ['Secret']
    }
  ]
)

resource actionGroup 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: '${namePrefix}-operators'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: shortName
    emailReceivers: [
      {
        name: 'operators'
        emailAddress: alertEmail
        useCommonAlertSchema: true
      }
    ]
  }
}

// Each query gives rows only when something is wrong.
resource logAlerts 'Microsoft.Insights/scheduledQueryRules@2026-03-01' = [
  for rule in logRules: {
    name: '${namePrefix}-${rule.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: '${namePrefix}-${rule.name}'
      description: '${rule.description} Runbook: ${runbookUrl}#${rule.name}'
      // Switched off, not left out: a deployment takes nothing away that an earlier one made.
      enabled: enabled && (figuresAreLive || rule.name != 'data-stale')
      severity: rule.severity
      scopes: [workspaceId]
      evaluationFrequency: rule.window == 'P2D' ? 'PT1H' : 'PT15M'
      windowSize: rule.window
      autoMitigate: true
      skipQueryValidation: true // a new workspace lacks tables that have had no row yet
      criteria: {
        allOf: [
          {
            query: rule.query
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: 0
            // So that a mail names the queue, dataset or function, and each has an alert of its own.
            dimensions: map(rule.dimensions, dimension => { name: dimension, operator: 'Include', values: ['*'] })
            failingPeriods: {
              numberOfEvaluationPeriods: 1
              minFailingPeriodsToAlert: 1
            }
          }
        ]
      }
      actions: {
        actionGroups: [actionGroup.id]
        customProperties: { runbook: '${runbookUrl}#${rule.name}' }
      }
    }
  }
]

// A metric: it goes on when the daily limit has closed the logs.
resource exceptionsAlert 'Microsoft.Insights/metricAlerts@2026-01-01' = {
  name: '${namePrefix}-exceptions'
  location: 'global'
  tags: tags
  properties: {
    description: 'More than thirty exceptions in a quarter of an hour. Runbook: ${runbookUrl}#exceptions'
    enabled: enabled
    severity: 2
    scopes: [applicationInsightsId]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    autoMitigate: true
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          criterionType: 'StaticThresholdCriterion'
          name: 'exceptions'
          metricNamespace: 'microsoft.insights/components'
          metricName: 'exceptions/count'
          operator: 'GreaterThan'
          // A message that is given up has an alert of its own: five attempts, each told of by worker, function and host, are 15. Two such are none yet.
          threshold: 30
          timeAggregation: 'Count'
        }
      ]
    }
    actions: [
      {
        actionGroupId: actionGroup.id
        webHookProperties: { runbook: '${runbookUrl}#exceptions' }
      }
    ]
  }
}

// What Azure itself says of the app, the accounts, the vault and the workspace.
resource resourceHealthAlert 'Microsoft.Insights/activityLogAlerts@2026-01-01' = {
  name: '${namePrefix}-resource-health'
  location: 'global'
  tags: tags
  properties: {
    description: 'Azure says that a resource of the group is degraded or unavailable. Runbook: ${runbookUrl}#resource-health'
    enabled: enabled
    scopes: [resourceGroup().id]
    condition: {
      allOf: [
        {
          field: 'category'
          equals: 'ResourceHealth'
        }
        {
          anyOf: [
            {
              field: 'properties.currentHealthStatus'
              equals: 'Degraded'
            }
            {
              field: 'properties.currentHealthStatus'
              equals: 'Unavailable'
            }
          ]
        }
      ]
    }
    actions: {
      actionGroups: [
        {
          actionGroupId: actionGroup.id
          webhookProperties: { runbook: '${runbookUrl}#resource-health' }
        }
      ]
    }
  }
}

output actionGroupId string = actionGroup.id
