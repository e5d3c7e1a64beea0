metadata description = 'The plan (Flex Consumption) and the app (.NET 10, isolated). Every connection is by the user-assigned identity.'

import { schedules, secretNames, secretSetting, sourceDefaults, sourceSettings } from '../sources.bicep'

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Name of the plan.')
param planName string

@description('Name of the app, and of its address.')
param appName string

@description('The service in azure.yaml, by which azd finds the app.')
param serviceName string

@description('Resource id of the app\'s identity.')
param identityId string

@description('Client id of the app\'s identity.')
param identityClientId string

@description('The host\'s storage account.')
param hostStorageName string

@description('Container of the host\'s account that holds the package.')
param deploymentContainerName string

@description('The data account.')
param dataStorageName string

@description('Address of the vault, with a slash at the end.')
param keyVaultUri string

@description('Where telemetry goes. It holds no secret: the identity signs in.')
param applicationInsightsConnectionString string

@description('Where diagnostics go.')
param workspaceId string

@description('When the timers run.')
param timerSchedules schedules

@description('Sources that are to be other than the defaults.')
param sources sourceSettings

@description('The secrets that the vault holds.')
param secrets secretSetting[]

@description('Settings of the platform that one environment needs.')
param platformSettings { *: string }

@description('Memory of an instance.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int

@description('The most instances of a function.')
@minValue(1)
@maxValue(1000)
param maximumInstanceCount int

@description('Instances in several zones.')
param zoneRedundant bool

@description('The delegated subnet; empty for no network.')
param subnetId string = ''

resource hostStorage 'Microsoft.Storage/storageAccounts@2025-08-01' existing = {
  name: hostStorageName
}

resource dataStorage 'Microsoft.Storage/storageAccounts@2025-08-01' existing = {
  name: dataStorageName
}

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: {
    reserved: true
    zoneRedundant: zoneRedundant
  }
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  name: appName
  location: location
  tags: union(tags, { 'azd-service-name': serviceName })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    clientAffinityEnabled: false
    publicNetworkAccess: 'Enabled' // for deployments and the HTTP functions, which have keys
    keyVaultReferenceIdentity: identityId // else references are resolved by a system-assigned identity, which there is not
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    functionAppConfig: {
      runtime: {
        name: 'dotnet-isolated'
        version: '10.0'
      }
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${hostStorage.properties.primaryEndpoints.blob}${deploymentContainerName}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
      }
    }
    siteConfig: {
      http20Enabled: true
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
    }
  }

  resource ftpLogin 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: {
      allow: false
    }
  }

  resource scmLogin 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: {
      allow: false
    }
  }

  // Replaces all settings: what was typed into the portal is gone after the next deployment.
  // Later maps win, so that an environment can neither replace a connection nor a schedule.
  resource appSettings 'config' = {
    name: 'appsettings'
    properties: union(
      platformSettings,
      sourceDefaults,
      sources,
      // No version in the address: a rotated secret arrives within a day.
      toObject(
        secrets,
        setting => setting,
        setting => '@Microsoft.KeyVault(SecretUri=${keyVaultUri}secrets/${secretNames[setting]}/)'
      ),
      timerSchedules,
      {
        // All three, and never a plain AzureWebJobsStorage, which would win over them.
        AzureWebJobsStorage__accountName: hostStorage.name
        AzureWebJobsStorage__credential: 'managedidentity'
        AzureWebJobsStorage__clientId: identityClientId
        PipelineStorage__blobServiceUri: dataStorage.properties.primaryEndpoints.blob
        PipelineStorage__queueServiceUri: dataStorage.properties.primaryEndpoints.queue
        PipelineStorage__tableServiceUri: dataStorage.properties.primaryEndpoints.table
        PipelineStorage__credential: 'managedidentity'
        PipelineStorage__clientId: identityClientId
        APPLICATIONINSIGHTS_CONNECTION_STRING: applicationInsightsConnectionString
        APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
        // Every trace is kept, and with it every failure: the exporter's own default is five a second.
        OTEL_TRACES_SAMPLER: 'microsoft.fixed_percentage'
        OTEL_TRACES_SAMPLER_ARG: '1'
      }
    )
  }
}

// The host's log by a second way, past Application Insights: the alerts look at both.
#disable-next-line use-recent-api-versions // the one stable version, 2016-09-01, lacks groups of categories
resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-workspace'
  scope: app
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'FunctionAppLogs'
        enabled: true
      }
    ]
    metrics: [
      {
        category: 'AllMetrics'
        enabled: true
      }
    ]
  }
}

output name string = app.name
output hostName string = app.properties.defaultHostName
