metadata description = 'What a resource group may cost in a month, and who is told. Apart from main.bicep: some offers refuse budgets, and a refused budget is no reason for a deployment to fail. infra/budget.sh sets it.'

targetScope = 'resourceGroup'

@description('Short name of the workload, as in main.bicep.')
param workloadName string = 'tradepipe'

@description('Short name of the environment, as in main.bicep.')
param environmentName string

@description('Costs of a month in the billing currency; told at 80 % spent and at 100 % forecast.')
@minValue(1)
param monthlyBudget int

@description('yyyy-MM-01. A new budget begins in the current month; Azure refuses to change the date of an existing one.')
@minLength(10)
@maxLength(10)
param startDate string

@description('Who is told by mail.')
@minLength(6)
param alertEmail string

resource actionGroup 'Microsoft.Insights/actionGroups@2023-01-01' existing = {
  name: '${workloadName}-${environmentName}-operators'
}

resource budget 'Microsoft.Consumption/budgets@2026-06-01' = {
  name: 'budget-${workloadName}-${environmentName}'
  properties: {
    category: 'Cost'
    amount: monthlyBudget
    timeGrain: 'Monthly'
    timePeriod: {
      startDate: startDate
    }
    notifications: {
      spent80: {
        enabled: true
        operator: 'GreaterThanOrEqualTo'
        threshold: 80
        thresholdType: 'Actual'
        contactEmails: [alertEmail]
        contactGroups: [actionGroup.id]
      }
      forecast100: {
        enabled: true
        operator: 'GreaterThanOrEqualTo'
        threshold: 100
        thresholdType: 'Forecasted'
        contactEmails: [alertEmail]
        contactGroups: [actionGroup.id]
      }
    }
  }
}
