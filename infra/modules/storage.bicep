metadata description = 'A storage account without keys, its containers, queues and tables, ageing of files, diagnostics, and a lock.'

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Name of the account: lower-case letters and digits.')
@minLength(3)
@maxLength(24)
param name string

@description('Redundancy.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS'])
param sku string

@description('Blob containers.')
param containers string[] = []

@description('Queues.')
param queues string[] = []

@description('Tables.')
param tables string[] = []

@description('all: the public address, which identity alone guards. listed: private endpoints, and the ranges below. none: private endpoints only.')
@allowed(['all', 'listed', 'none'])
param access string

@description('Public ranges for "listed". They never cover the app, whose address changes.')
param allowedIpRanges string[] = []

@description('Lets clients that cannot sign in with Entra ID read tables with an account key. Blobs and queues stay closed to keys.')
param tableKeyAccess bool = false

@description('How long deleted files can be restored, in days.')
@minValue(1)
@maxValue(365)
param softDeleteDays int = 7

@description('Keeps what a file was before it is written again or deleted.')
param keepVersions bool = false

@description('Earlier versions below these prefixes (container first) go after softDeleteDays: the files are made again at every run.')
param passingPrefixes string[] = []

@description('Files below these prefixes (container first) move to cool storage after a month; empty for no rule.')
param coolPrefixes string[] = []

@description('The same files are deleted after so many days; 0 keeps them.')
@minValue(0)
param deleteAfterDays int = 0

@description('Forbids deleting the account.')
param lock bool = false

@description('Where diagnostics go.')
param workspaceId string

@description('Whether writes and deletes are logged. Off for the host\'s account: the renewal of its locks would fill the log.')
param logDataPlane bool

var ageOfFiles = {
  name: 'age'
  enabled: true
  type: 'Lifecycle'
  definition: {
    filters: {
      blobTypes: ['blockBlob']
      prefixMatch: coolPrefixes
    }
    actions: {
      baseBlob: {
        // Cool storage bills at least 30 days: not worth it for what goes soon.
        tierToCool: deleteAfterDays == 0 || deleteAfterDays > 60 ? { daysAfterModificationGreaterThan: 30 } : null
        delete: deleteAfterDays > 0 ? { daysAfterModificationGreaterThan: deleteAfterDays } : null
      }
      version: keepVersions && deleteAfterDays > 0
        ? { delete: { daysAfterCreationGreaterThan: deleteAfterDays } }
        : null
    }
  }
}
var ageOfVersions = {
  name: 'versions'
  enabled: true
  type: 'Lifecycle'
  definition: {
    filters: {
      blobTypes: ['blockBlob']
      prefixMatch: passingPrefixes
    }
    actions: {
      version: { delete: { daysAfterCreationGreaterThan: softDeleteDays } }
    }
  }
}
var ageingRules = concat(
  empty(coolPrefixes) ? [] : [ageOfFiles],
  keepVersions && !empty(passingPrefixes) ? [ageOfVersions] : []
)

resource account 'Microsoft.Storage/storageAccounts@2025-08-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: sku
  }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: tableKeyAccess
    allowSharedKeyAccessForServices: tableKeyAccess
      ? {
          blob: { enabled: false }
          file: { enabled: false }
          queue: { enabled: false }
          table: { enabled: true }
        }
      : null
    defaultToOAuthAuthentication: true
    isLocalUserEnabled: false
    minimumTlsVersion: 'TLS1_2'
    publicNetworkAccess: access == 'none' ? 'Disabled' : 'Enabled'
    supportsHttpsTrafficOnly: true
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: access == 'all' ? 'Allow' : 'Deny'
      ipRules: [
        for range in (access == 'listed' ? allowedIpRanges : []): {
          action: 'Allow'
          value: range
        }
      ]
    }
  }

  resource blobService 'blobServices' = {
    name: 'default'
    properties: {
      isVersioningEnabled: keepVersions
      deleteRetentionPolicy: {
        enabled: true
        days: softDeleteDays
      }
      containerDeleteRetentionPolicy: {
        enabled: true
        days: softDeleteDays
      }
    }

    resource container 'containers' = [
      for item in containers: {
        name: item
        properties: {
          publicAccess: 'None'
        }
      }
    ]
  }

  resource queueService 'queueServices' = {
    name: 'default'

    resource queue 'queues' = [
      for item in queues: {
        name: item
      }
    ]
  }

  resource tableService 'tableServices' = {
    name: 'default'

    resource table 'tables' = [
      for item in tables: {
        name: item
      }
    ]
  }

  resource ageing 'managementPolicies' = if (!empty(ageingRules)) {
    name: 'default'
    properties: {
      policy: {
        rules: ageingRules
      }
    }
    dependsOn: [blobService] // a rule for versions is refused while there are none
  }
}

resource accountLock 'Microsoft.Authorization/locks@2020-05-01' = if (lock) {
  name: 'keep'
  scope: account
  properties: {
    level: 'CanNotDelete'
    notes: 'Holds the history of every figure. See infra/DEPLOY.md, "Deleting everything".'
  }
}

#disable-next-line use-recent-api-versions // the one stable version, 2016-09-01, lacks groups of categories
resource blobDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = if (logDataPlane) {
  name: 'to-workspace'
  scope: account::blobService
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'StorageWrite'
        enabled: true
      }
      {
        category: 'StorageDelete'
        enabled: true
      }
    ]
    metrics: [
      {
        category: 'Transaction'
        enabled: true
      }
    ]
  }
}

// Metrics only: looking for messages is most of what happens to a queue, and each message that is done is a delete.
#disable-next-line use-recent-api-versions // the one stable version, 2016-09-01, lacks groups of categories
resource queueDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = if (logDataPlane) {
  name: 'to-workspace'
  scope: account::queueService
  properties: {
    workspaceId: workspaceId
    metrics: [
      {
        category: 'Transaction'
        enabled: true
      }
    ]
  }
}

// Deletes; reads and writes only while keys are allowed: their AuthenticationType shows who still uses one, and for what.
#disable-next-line use-recent-api-versions // the one stable version, 2016-09-01, lacks groups of categories
resource tableDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = if (logDataPlane) {
  name: 'to-workspace'
  scope: account::tableService
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'StorageDelete'
        enabled: true
      }
      {
        category: 'StorageRead'
        enabled: tableKeyAccess
      }
      {
        category: 'StorageWrite'
        enabled: tableKeyAccess
      }
    ]
    metrics: [
      {
        category: 'Transaction'
        enabled: true
      }
    ]
  }
}

output id string = account.id
output name string = account.name
output blobEndpoint string = account.properties.primaryEndpoints.blob
output tableEndpoint string = account.properties.primaryEndpoints.table
