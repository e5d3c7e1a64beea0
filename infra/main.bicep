targetScope = 'resourceGroup' // an owner makes the group once: who deploys has no rights outside it

metadata name = 'trade pipeline'
metadata description = 'Timers plan, queues carry, tables and files hold: foreign trade, direct investment, holders of securities. One identity, no keys.'

import { containers, queues, tables, timers } from 'names.bicep'
import { scheduleDefaults, schedules, secretSetting, sourceDefaults, sourceSettings } from 'sources.bicep'

// ---------- where ----------

@description('Short name of the environment; part of every resource name.')
@minLength(2)
@maxLength(12)
param environmentName string

@description('Azure region. It must offer Flex Consumption with .NET 10: az functionapp list-flexconsumption-locations.')
@metadata({ azd: { type: 'location' } })
param location string

@description('Short name of the workload; part of every resource name.')
@minLength(2)
@maxLength(10)
param workloadName string = 'tradepipe'

@description('More tags for every resource.')
param extraTags { *: string } = {}

// ---------- size ----------

@description('Redundancy of both storage accounts.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS'])
param storageSku string = 'Standard_LRS'

@description('Memory of an instance, which is what execution is billed by.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

@description('The most instances of a function: a limit of costs. Courtesy to a source is kept per instance, in the code.')
@minValue(1)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('Instances in several zones; storageSku must be one with ZRS then. Bills instances that are always ready, and not every region has it.')
param zoneRedundant bool = false

// ---------- network ----------

@description('A virtual network with private endpoints of both storage accounts and the vault.')
param privateNetworking bool = false

@description('Public address ranges that may still reach data and vault, for example an office. Only with privateNetworking: the app, whose own address changes, would be locked out.')
param allowedIpRanges string[] = []

@description('Resource ids of the network security groups of the two subnets; empty for none. They are made beforehand, as the owner of the networks wants them: DEPLOY.md, "With a private network".')
param securityGroups { functions: string, endpoints: string } = { functions: '', endpoints: '' }

// ---------- the app ----------

@description('When the timers run, where this environment wants it to be other than usual. Each Plan timer must run at least daily.')
param timerSchedules schedules = {}

@description('Sources that this environment wants to be other than the defaults.')
param sources sourceSettings = {}

@description('The secrets that the vault holds. The trade API\'s key is required when Sources__Mode is live.')
param secrets secretSetting[] = ['Census__ApiKey']

@description('Settings of the platform that one environment needs, for example WEBSITE_USE_PLACEHOLDER_DOTNETISOLATED. They never replace others.')
param platformSettings { *: string } = {}

// ---------- retention and protection ----------

@description('Raw bodies are deleted after so many days. 0 keeps them, so that every row can be traced and read again; they move to cool storage after a month.')
@minValue(0)
param rawRetentionDays int = 0

@description('How long logs can be queried, in days.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

@description('The most that is logged in a day, in GB; a text, because Bicep has no fractions. -1 for no limit.')
param logDailyQuotaGb string = '1'

@description('How long deleted files can be restored, in days.')
@minValue(1)
@maxValue(365)
param softDeleteDays int = 7

@description('Keeps earlier versions of the files of the data account: those of raw bodies and of what people maintain as long as the files themselves, others as long as deleted files.')
param keepVersions bool = false

@description('Forbids purging the vault. Cannot be taken back.')
param enablePurgeProtection bool = false

@description('Forbids deleting the data account until the lock is removed.')
param lockData bool = false

// ---------- people ----------

@description('Object id of the Entra group that reads tables and export files; empty for none.')
param biReadersGroupId string = ''

@description('Opens the tables of the data account, and nothing else, to account keys, for Power BI\'s connector of tables. Not needed to read the export files.')
param biSharedKeyAccess bool = false

@description('Object id of the user or group that operates the data and fills the vault; empty for none.')
param operatorPrincipalId string = ''

@description('What operatorPrincipalId is.')
@allowed(['User', 'Group', 'ServicePrincipal'])
param operatorPrincipalType string = 'User'

// ---------- alerts ----------

@description('Who is told.')
@minLength(6)
param alertEmail string

@description('Address of the runbook, which each alert links to; a path in the repository if it has no page.')
param runbookUrl string = 'infra/RUNBOOK.md'

@description('Off for the very first deployment, until every timer has run once.')
param alertsEnabled bool = true

@description('How many hours a slice may be past its due date before the alert data-overdue fires.')
@minValue(1)
param overdueToleranceHours int = 48

// ---------- names ----------

var serviceName = 'pipeline' // equals the service in azure.yaml
var deploymentContainer = 'app-package'
// The token is what makes names unique: it is never cut, the readable part is.
var token = take(uniqueString(resourceGroup().id, location), 6)
var baseName = '${workloadName}-${environmentName}'
var compactName = take(toLower(replace('${workloadName}${environmentName}', '-', '')), 14)
var tags = union(extraTags, { 'azd-env-name': environmentName, workload: workloadName })
var identityName = 'id-${baseName}-${token}'
var applicationInsightsName = 'appi-${baseName}-${token}'
var hostStorageName = 'sth${compactName}${token}'
var dataStorageName = 'std${compactName}${token}'
var keyVaultName = 'kv-${compactName}${token}'
// Without a network of its own the app reaches storage by its public address, which identity alone guards.
var dataAccess = privateNetworking
  ? (empty(allowedIpRanges) ? 'none' : 'listed')
  : (empty(allowedIpRanges) ? 'all' : fail('allowedIpRanges needs privateNetworking = true: without a network the ranges would lock the app itself out.'))

// ---------- resources ----------

module monitoring 'modules/monitoring.bicep' = {
  params: {
    location: location
    tags: tags
    workspaceName: 'log-${baseName}-${token}'
    applicationInsightsName: applicationInsightsName
    retentionInDays: logRetentionDays
    dailyQuotaGb: logDailyQuotaGb
  }
}

module identity 'modules/identity.bicep' = {
  params: {
    location: location
    tags: tags
    name: identityName
  }
}

// The host's own: locks, schedule status, keys, the package. Only app and platform have rights here.
module hostStorage 'modules/storage.bicep' = {
  params: {
    location: location
    tags: tags
    name: hostStorageName
    sku: storageSku
    containers: [deploymentContainer]
    access: privateNetworking ? 'none' : 'all'
    workspaceId: monitoring.outputs.workspaceId
    logDataPlane: false
  }
}

// Everything that the pipeline produces.
module dataStorage 'modules/storage.bicep' = {
  params: {
    location: location
    tags: tags
    name: dataStorageName
    sku: storageSku
    containers: containers
    queues: queues
    tables: tables
    access: dataAccess
    allowedIpRanges: allowedIpRanges
    tableKeyAccess: biSharedKeyAccess
    coolPrefixes: ['raw/']
    deleteAfterDays: rawRetentionDays
    softDeleteDays: softDeleteDays
    keepVersions: keepVersions
    passingPrefixes: ['exports/', 'locks/']
    lock: lockData
    workspaceId: monitoring.outputs.workspaceId
    logDataPlane: true
  }
}

module keyVault 'modules/keyVault.bicep' = {
  params: {
    location: location
    tags: tags
    name: keyVaultName
    enablePurgeProtection: enablePurgeProtection
    access: dataAccess
    allowedIpRanges: allowedIpRanges
    workspaceId: monitoring.outputs.workspaceId
  }
}

module access 'modules/access.bicep' = {
  params: {
    identityName: identityName
    hostStorageName: hostStorageName
    dataStorageName: dataStorageName
    keyVaultName: keyVaultName
    applicationInsightsName: applicationInsightsName
    exportsContainerName: 'exports'
    biReadersGroupId: biReadersGroupId
    operatorPrincipalId: operatorPrincipalId
    operatorPrincipalType: operatorPrincipalType
  }
  // Names that are known beforehand, not outputs: only so can what-if tell the assignments.
  dependsOn: [monitoring, identity, hostStorage, dataStorage, keyVault]
}

module network 'modules/network.bicep' = if (privateNetworking) {
  params: {
    location: location
    tags: tags
    name: 'vnet-${baseName}'
    securityGroups: securityGroups
    endpoints: [
      { name: 'pe-host-blob', resourceId: hostStorage.outputs.id, groupId: 'blob' }
      { name: 'pe-host-queue', resourceId: hostStorage.outputs.id, groupId: 'queue' }
      { name: 'pe-host-table', resourceId: hostStorage.outputs.id, groupId: 'table' }
      { name: 'pe-data-blob', resourceId: dataStorage.outputs.id, groupId: 'blob' }
      { name: 'pe-data-queue', resourceId: dataStorage.outputs.id, groupId: 'queue' }
      { name: 'pe-data-table', resourceId: dataStorage.outputs.id, groupId: 'table' }
      { name: 'pe-vault', resourceId: keyVault.outputs.id, groupId: 'vault' }
    ]
  }
}

module functionApp 'modules/functionApp.bicep' = {
  params: {
    location: location
    tags: tags
    planName: 'plan-${baseName}-${token}'
    appName: 'func-${baseName}-${token}'
    serviceName: serviceName
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    hostStorageName: hostStorageName
    deploymentContainerName: deploymentContainer
    dataStorageName: dataStorageName
    keyVaultUri: keyVault.outputs.uri
    applicationInsightsConnectionString: monitoring.outputs.connectionString
    workspaceId: monitoring.outputs.workspaceId
    timerSchedules: union(scheduleDefaults, timerSchedules)
    sources: sources
    secrets: secrets
    platformSettings: platformSettings
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    // The package and the host's locks are in storage: instances in three zones fail with the one that holds it.
    zoneRedundant: zoneRedundant && !contains(storageSku, 'ZRS')
      ? fail('zoneRedundant needs storageSku Standard_ZRS or Standard_GZRS: storage of one zone would take all instances down with it.')
      : zoneRedundant
    subnetId: network.?outputs.functionsSubnetId ?? ''
  }
  dependsOn: [access] // the host reads its storage the moment it starts
}

module alerts 'modules/alerts.bicep' = {
  params: {
    location: location
    tags: tags
    namePrefix: baseName
    shortName: workloadName
    workspaceId: monitoring.outputs.workspaceId
    applicationInsightsId: monitoring.outputs.applicationInsightsId
    alertEmail: alertEmail
    runbookUrl: runbookUrl
    enabled: alertsEnabled
    timers: timers
    overdueToleranceHours: overdueToleranceHours
    figuresAreLive: (sources.?Sources__Mode ?? sourceDefaults.Sources__Mode) == 'live'
  }
}

// Names and addresses only: the history of deployments keeps outputs readable for ever.
output AZURE_LOCATION string = location
output AZURE_RESOURCE_GROUP string = resourceGroup().name
output AZURE_FUNCTION_NAME string = functionApp.outputs.name
output AZURE_FUNCTION_HOST string = functionApp.outputs.hostName
output AZURE_KEY_VAULT_NAME string = keyVault.outputs.name
output DATA_STORAGE_NAME string = dataStorage.outputs.name
output DATA_TABLE_ENDPOINT string = dataStorage.outputs.tableEndpoint
output DATA_BLOB_ENDPOINT string = dataStorage.outputs.blobEndpoint
