# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# Runs windows_ipsec_remote.ps1 over the lab's fakes, once for each run of a JSON file: arguments, check_mode, and the environment that leads
# the fakes to a host. Writes one line of JSON for each. PowerShell 7.
param([Parameter(Mandatory = $true)][string]$Path)

$ErrorActionPreference = 'Stop'
$plugins = Join-Path -Path $PSScriptRoot -ChildPath '../../plugins'
$remote = Join-Path -Path $plugins -ChildPath 'modules/windows_ipsec_remote.ps1'
$runs = ConvertFrom-Json -InputObject (Get-Content -LiteralPath $Path -Raw) -AsHashtable

function Set-LabHost {
    # What the fakes find in the environment.
    param($Variable)
    foreach ($name in $Variable.Keys) { Set-Item -Path "env:$name" -Value $Variable[$name] }
}

Set-LabHost -Variable $runs[0].environment
Import-Module -Name (Join-Path -Path $plugins -ChildPath 'module_utils/_Module.psm1') -Global
& (Join-Path -Path $PSScriptRoot -ChildPath 'fake.ps1') -Path (Join-Path -Path $plugins -ChildPath 'module_utils') -Util _Windows, _Snapshot, _Change, _IPsec
foreach ($run in $runs) {
    Set-LabHost -Variable $run.environment
    $complex_args = $run.arguments
    $complex_args['_ansible_check_mode'] = $run.check_mode
    & $remote
}
