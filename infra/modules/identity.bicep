metadata description = 'The identity of the app. It exists before the app, so that its roles are in place when the host starts.'

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Name of the identity.')
param name string

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: name
  location: location
  tags: tags
}

output id string = identity.id
output principalId string = identity.properties.principalId
output clientId string = identity.properties.clientId
