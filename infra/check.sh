#!/usr/bin/env bash
# Checks infra/ with what this machine has; what it lacks is said, and is no failure.
#   infra/check.sh [--fetch]     --fetch takes the Bicep CLI of the version below from NuGet (Linux, x64), whatever is
#                                installed: needs the .NET SDK. It is a failure if it cannot be had.
# BICEP names another CLI to use.
# Exit code: 0 everything that ran is clean, 1 it is not.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

# The version the files were checked with last.
version=0.49.2
failed=0
skipped=()
export ALERT_EMAIL=${ALERT_EMAIL:-operators@example.com} # has no default, so that alerts without a recipient cannot be deployed
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

bicep=()
if [ -n "${BICEP:-}" ]; then
  bicep=("$BICEP")
elif [ "${1:-}" = --fetch ]; then
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
  for file in infra/*.bicepparam infra/environments/*.bicepparam; do
    # shellcheck disable=SC2046
    check "bicep build-params $file" "${bicep[@]}" build-params $(az_file) "$file" --stdout
  done
fi

for file in infra/*.sh; do check "bash -n $file" bash -n "$file"; done
if command -v shellcheck >/dev/null; then
  # shellcheck disable=SC2016 # the inner shell expands it
  for file in infra/*.sh; do check "shellcheck $file" bash -c 'shellcheck "$1" >&2' shellcheck "$file"; done
else
  skipped+=("shell scripts: no shellcheck")
fi

for what in "${skipped[@]}"; do echo "not checked, $what"; done
exit "$failed"
