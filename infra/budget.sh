#!/usr/bin/env bash
# Sets the monthly budget of an environment, which main.bicep leaves alone: a budget is a convenience, and some offers refuse them.
#   infra/budget.sh ENVIRONMENT     dev or prod; infra/budget has a file of that name
# Needs the Azure CLI, signed in, and reads AZURE_RESOURCE_GROUP and ALERT_EMAIL.
# Exit code: 0 the budget is set, 1 Azure refused it, 2 something is lacking to try.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

lacking() {
  echo "budget: $*" >&2
  exit 2
}
environment=${1:-}
parameters=infra/budget/$environment.bicepparam
if [ -z "$environment" ] || [ ! -f "$parameters" ]; then
  lacking "there is no infra/budget/${environment:-ENVIRONMENT}.bicepparam, expected the name of an environment: dev or prod"
fi
command -v az >/dev/null || lacking "the command az is missing; install the Azure CLI"
for name in AZURE_RESOURCE_GROUP ALERT_EMAIL; do
  [ -n "${!name:-}" ] || lacking "$name is not set; set it as for the deployment (infra/DEPLOY.md)"
done

# The start date of a budget cannot be changed, and that of a new one has to lie in the current month.
list="$(az group show --name "$AZURE_RESOURCE_GROUP" --query id --output tsv)/providers/Microsoft.Consumption/budgets?api-version=2026-06-01"
began=$(az rest --method get --url "$list" --query "value[?name=='budget-tradepipe-$environment'].properties.timePeriod.startDate" --output tsv) || began=
BUDGET_START_DATE=${began:0:10}
[ -n "$BUDGET_START_DATE" ] || BUDGET_START_DATE=$(date -u +%Y-%m-01)
export BUDGET_START_DATE
if ! az deployment group create --resource-group "$AZURE_RESOURCE_GROUP" --name budget --parameters "$parameters" --output none; then
  echo "budget: Azure did not take the budget of $environment from $BUDGET_START_DATE (above); nothing else depends on it. If the offer of the subscription has no budgets, watch Cost analysis instead" >&2
  exit 1
fi
echo "budget: set for $environment, from $BUDGET_START_DATE"
