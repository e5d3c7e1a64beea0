// For azd, which passes on what `azd env set NAME value` has set. DEPLOY.md lists the names.
using 'main.bicep'

param environmentName = readEnvironmentVariable('AZURE_ENV_NAME', 'dev')
param location = readEnvironmentVariable('AZURE_LOCATION', 'westeurope')
param operatorPrincipalId = readEnvironmentVariable('AZURE_PRINCIPAL_ID', '')
param operatorPrincipalType = readEnvironmentVariable('AZURE_PRINCIPAL_TYPE', 'User')
param biReadersGroupId = readEnvironmentVariable('BI_READERS_GROUP_ID', '')
param alertEmail = readEnvironmentVariable('ALERT_EMAIL')
param alertsEnabled = readEnvironmentVariable('ALERTS_ENABLED', 'false') == 'true'
// Samples until the vault holds the trade API's key: an app that lacks it does not start.
param sources = {
  Sources__Mode: readEnvironmentVariable('SOURCES_MODE', 'samples') == 'live' ? 'live' : 'samples'
}
param secrets = readEnvironmentVariable('SOURCES_MODE', 'samples') == 'live' ? ['Census__ApiKey'] : []
