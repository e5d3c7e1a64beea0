metadata description = 'What the resource group may cost in a month, and who is told.'

@description('Name of the budget.')
param name string

@description('Amount in the billing currency.')
@minValue(1)
param amount int

@description('yyyy-MM-01 of the month of the first deployment; cannot be changed.')
@minLength(10)
@maxLength(10)
param startDate string

@description('Who is told by mail.')
param contactEmails string[]

@description('The action group of the alerts.')
param actionGroupId string

resource budget 'Microsoft.Consumption/budgets@2026-06-01' = {
  name: name
  properties: {
    category: 'Cost'
    amount: amount
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
        contactEmails: contactEmails
        contactGroups: [actionGroupId]
      }
      forecast100: {
        enabled: true
        operator: 'GreaterThanOrEqualTo'
        threshold: 100
        thresholdType: 'Forecasted'
        contactEmails: contactEmails
        contactGroups: [actionGroupId]
      }
    }
  }
}
