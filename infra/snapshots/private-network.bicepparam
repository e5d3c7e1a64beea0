// Never deployed: the largest that the template makes, for its snapshot. An environment with a private network that an
// office may reach, its own security groups, and tables that Power BI reads with a key.
using '../main.bicep'

param environmentName = 'prod'
param location = 'westeurope'
param alertEmail = readEnvironmentVariable('ALERT_EMAIL')
param biReadersGroupId = readEnvironmentVariable('BI_READERS_GROUP_ID', '')
param operatorPrincipalId = readEnvironmentVariable('OPERATORS_GROUP_ID', '')
param operatorPrincipalType = 'Group'
param storageSku = 'Standard_ZRS'
param privateNetworking = true
param allowedIpRanges = ['203.0.113.0/24']
param securityGroups = {
  functions: '/subscriptions/00000000-0000-0000-0000-000000000002/resourceGroups/rg-tradepipe-prod/providers/Microsoft.Network/networkSecurityGroups/nsg-prod-functions'
  endpoints: '/subscriptions/00000000-0000-0000-0000-000000000002/resourceGroups/rg-tradepipe-prod/providers/Microsoft.Network/networkSecurityGroups/nsg-prod-endpoints'
}
param biSharedKeyAccess = true
