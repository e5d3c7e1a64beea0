using '../budget.bicep'

param environmentName = 'prod'
param monthlyBudget = 50
param startDate = readEnvironmentVariable('BUDGET_START_DATE') // infra/budget.sh sets it
param alertEmail = readEnvironmentVariable('ALERT_EMAIL')
