#!/usr/bin/env bash
# Checks infra/ with what this machine has; what it lacks is said, and is no failure.
#   infra/check.sh [--fetch] [--snapshots]
#                                --fetch takes the Bicep CLI of the version below from NuGet (Linux, x64), whatever is
#                                installed: needs the .NET SDK. It is a failure if it cannot be had.
#                                --snapshots writes the snapshots again: what the template makes of each environment.
#                                Read the difference before you commit it.
# BICEP names another CLI to use.
# Exit code: 0 everything that ran is clean, 1 it is not, 2 an option is unknown.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

shopt -s extglob
fetch=
mode=validate
for option in "$@"; do
  case $option in
    --fetch) fetch=yes ;;
    --snapshots) mode=overwrite ;;
    *)
      echo "infra/check.sh: the option $option, expected --fetch or --snapshots; leave it out" >&2
      exit 2
      ;;
  esac
done

# The version the files were checked with last.
version=0.49.2
failed=0
skipped=()
export ALERT_EMAIL=${ALERT_EMAIL:-operators@example.com} # has no default, so that alerts without a recipient cannot be deployed
export BUDGET_START_DATE=${BUDGET_START_DATE:-2026-12-01} # infra/budget.sh finds it out
export AZURE_BICEP_CHECK_VERSION=false # az bicep would tell of new releases, which is no finding

check() { # what, command...: a warning counts like an error
  local what=$1 said
  shift
  if said=$("$@" 2>&1 >/dev/null) && [ -z "$said" ]; then
    echo "ok: $what"
  else
    echo "FAILED: $what"
    awk '!seen[$0]++' <<<"$said"
    failed=1
  fi
}

fetch() { # prints where the CLI is
  local folder=${XDG_CACHE_HOME:-$HOME/.cache}/bicep-cli/$version
  local cli=$folder/packages/azure.bicep.commandline.linux-x64/$version/tools/bicep
  if [ ! -x "$cli" ]; then
    mkdir -p "$folder" || return 1
    cat >"$folder/fetch.csproj" <<PROJECT
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup><TargetFramework>net10.0</TargetFramework><RestorePackagesPath>$folder/packages</RestorePackagesPath></PropertyGroup>
  <ItemGroup><PackageDownload Include="Azure.Bicep.CommandLine.linux-x64" Version="[$version]" /></ItemGroup>
</Project>
PROJECT
    dotnet restore "$folder/fetch.csproj" >&2 || return 1
    chmod +x "$cli" || return 1
  fi
  echo "$cli"
}

# What differs goes where check looks, without colours. In a shell of its own, so that its variables reach nothing else.
# shellcheck disable=SC2317 # check calls it
snapshot() ( # command...
  unset ALERTS_ENABLED RUNBOOK_URL
  export ALERT_EMAIL=operators@example.com OPERATORS_GROUP_ID=00000000-0000-0000-0000-000000000003
  export BI_READERS_GROUP_ID=00000000-0000-0000-0000-000000000004
  if said=$("$@" 2>&1); then exit; fi
  echo "${said//$'\033['*([0-9;])m/}" >&2
  exit 1
)

bicep=()
if [ -n "${BICEP:-}" ]; then
  bicep=("$BICEP")
elif [ -n "$fetch" ]; then
  if cli=$(fetch); then
    bicep=("$cli")
  else
    echo "FAILED: the Bicep CLI $version cannot be had from NuGet (above); install it, or name one in BICEP"
    failed=1
  fi
elif command -v bicep >/dev/null; then
  bicep=(bicep)
elif command -v az >/dev/null && az bicep version >/dev/null 2>&1; then
  bicep=(az bicep)
fi

if [ ${#bicep[@]} -eq 0 ]; then
  [ "$failed" -ne 0 ] || skipped+=("Bicep: no CLI (bicep or az bicep; or run infra/check.sh --fetch)")
else
  az_file() { [ "${bicep[0]}" = az ] && echo --file; }
  for file in infra/*.bicep infra/modules/*.bicep; do
    # shellcheck disable=SC2046 # nothing, or one word
    check "bicep lint $file" "${bicep[@]}" lint $(az_file) "$file"
  done
  # shellcheck disable=SC2046
  check "bicep build infra/main.bicep" "${bicep[@]}" build $(az_file) infra/main.bicep --stdout
  for file in infra/*.bicepparam infra/environments/*.bicepparam infra/budget/*.bicepparam; do
    # shellcheck disable=SC2046
    check "bicep build-params $file" "${bicep[@]}" build-params $(az_file) "$file" --stdout
  done
  # The same ids and people everywhere, none of them real, so that a difference is one of the template or its parameters.
  for file in infra/environments/*.bicepparam infra/snapshots/*.bicepparam; do
    name=${file##*/}
    # shellcheck disable=SC2046
    check "bicep snapshot $file ($mode)" snapshot "${bicep[@]}" snapshot $(az_file) "$file" --mode "$mode" \
      --tenant-id 00000000-0000-0000-0000-000000000001 --subscription-id 00000000-0000-0000-0000-000000000002 \
      --resource-group "rg-tradepipe-${name%.bicepparam}" --location westeurope --deployment-name pipeline
  done
fi

for file in infra/*.sh; do check "bash -n $file" bash -n "$file"; done
if command -v shellcheck >/dev/null; then
  # shellcheck disable=SC2016 # the inner shell expands it
  for file in infra/*.sh; do check "shellcheck $file" bash -c 'shellcheck "$1" >&2' shellcheck "$file"; done
else
  skipped+=("shell scripts: no shellcheck")
fi

if command -v node >/dev/null && [ -d node_modules/@kusto/language-service-next ]; then
  # shellcheck disable=SC2016 # the inner shell expands it
  check "queries of alerts and runbook" bash -c 'said=$(node infra/queries.cjs) || { echo "$said" >&2; exit 1; }'
else
  skipped+=("queries: no Node.js, or no @kusto/language-service-next in node_modules (npm ci)")
fi

for what in "${skipped[@]}"; do echo "not checked, $what"; done
exit "$failed"
