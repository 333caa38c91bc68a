#!/usr/bin/env bash
# Fetches the Bicep compiler that test/e2e/bicep-cli.test.ts runs, from NuGet into the user's cache, unless it is there.
# Prints its path.
set -euo pipefail

version=0.49.2
package=azure.bicep.commandline.linux-x64
folder=${XDG_CACHE_HOME:-$HOME/.cache}/azure-signalr-server/bicep-$version
compiler=$folder/bicep

if [ ! -x "$compiler" ]; then
  mkdir -p "$folder"
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  if command -v dotnet >/dev/null; then
    # NuGet's own client knows the machine's sources. The project is there for its download alone.
    cat >"$work/fetch.csproj" <<PROJECT
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <TargetFramework>netstandard2.0</TargetFramework>
    <DisableImplicitFrameworkReferences>true</DisableImplicitFrameworkReferences>
    <RestorePackagesPath>$work/packages</RestorePackagesPath>
  </PropertyGroup>
  <ItemGroup>
    <PackageDownload Include="$package" Version="[$version]" />
  </ItemGroup>
</Project>
PROJECT
    dotnet restore "$work/fetch.csproj" >&2
    mv "$work/packages/$package/$version/tools/bicep" "$work/bicep"
  else
    source=${NUGET_FLAT_URL:-https://api.nuget.org/v3-flatcontainer}
    curl -fsSL -o "$work/package.zip" "$source/$package/$version/$package.$version.nupkg"
    unzip -qp "$work/package.zip" tools/bicep >"$work/bicep"
  fi
  chmod +x "$work/bicep"
  # Moved in one step, so that nobody finds half of it.
  mv "$work/bicep" "$compiler.$$"
  mv "$compiler.$$" "$compiler"
fi
echo "$compiler"
