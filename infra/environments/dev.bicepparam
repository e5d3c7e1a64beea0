// A throw-away environment: the recorded samples, so that it needs no secret, and little kept.
using '../main.bicep'

param environmentName = 'dev'
param location = 'westeurope'
param alertEmail = readEnvironmentVariable('ALERT_EMAIL')
param runbookUrl = readEnvironmentVariable('RUNBOOK_URL', 'infra/RUNBOOK.md')
param alertsEnabled = readEnvironmentVariable('ALERTS_ENABLED', 'false') == 'true'
param operatorPrincipalId = readEnvironmentVariable('OPERATORS_GROUP_ID', '')
param operatorPrincipalType = 'Group'
param sources = { Sources__Mode: 'samples' }
param secrets = []
param rawRetentionDays = 14
param logDailyQuotaGb = '0.2'
