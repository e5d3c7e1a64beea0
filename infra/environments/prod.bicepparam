using '../main.bicep'

param environmentName = 'prod'
param location = 'westeurope'
param alertEmail = readEnvironmentVariable('ALERT_EMAIL')
param runbookUrl = readEnvironmentVariable('RUNBOOK_URL', 'infra/RUNBOOK.md')
param alertsEnabled = readEnvironmentVariable('ALERTS_ENABLED', 'true') != 'false' // a variable that is empty leaves them on
param biReadersGroupId = readEnvironmentVariable('BI_READERS_GROUP_ID', '')
param operatorPrincipalId = readEnvironmentVariable('OPERATORS_GROUP_ID', '')
param operatorPrincipalType = 'Group'
param secrets = ['Census__ApiKey']
param storageSku = 'Standard_ZRS'
param enablePurgeProtection = true
param lockData = true
param softDeleteDays = 30
param keepVersions = true
param logRetentionDays = 90
param extraTags = {
  owner: 'data-team'
}
