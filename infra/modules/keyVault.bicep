metadata description = 'The vault of the sources\' credentials, which are the only secrets there are. Operators put them in, the app reads them.'

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Name of the vault. A deleted vault keeps its name for a week.')
@minLength(3)
@maxLength(24)
param name string

@description('Forbids purging; cannot be taken back.')
param enablePurgeProtection bool

@description('all, listed or none, as in storage.bicep.')
@allowed(['all', 'listed', 'none'])
param access string

@description('Public ranges for "listed".')
param allowedIpRanges string[] = []

@description('Where diagnostics go.')
param workspaceId string

resource vault 'Microsoft.KeyVault/vaults@2026-02-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: {
      family: 'A'
      name: 'standard'
    }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 7
    enablePurgeProtection: enablePurgeProtection ? true : null // an explicit false is refused
    publicNetworkAccess: access == 'none' ? 'Disabled' : 'Enabled'
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: access == 'all' ? 'Allow' : 'Deny'
      ipRules: [
        for range in (access == 'listed' ? allowedIpRanges : []): {
          value: range
        }
      ]
    }
  }
}

#disable-next-line use-recent-api-versions // the one stable version, 2016-09-01, lacks groups of categories
resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-workspace'
  scope: vault
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        categoryGroup: 'audit'
        enabled: true
      }
    ]
  }
}

output id string = vault.id
output name string = vault.name
output uri string = vault.properties.vaultUri
