# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

<#
.SYNOPSIS
Runs windows_probe_remote.ps1 with each of the arguments in a JSON file, and prints each result as a line.

.DESCRIPTION
The sockets are real. Only the start of the process of temporary listeners, Win32_Process of Windows, is something else here.
#>
param([Parameter(Mandatory = $true)][string]$Path)

$ErrorActionPreference = 'Stop'
$plugins = Join-Path -Path $PSScriptRoot -ChildPath '../../plugins'
. (Join-Path -Path $PSScriptRoot -ChildPath 'shared.ps1')
Import-Module -Name (Join-Path -Path $plugins -ChildPath 'module_utils/_Module.psm1') -Global
$source = Get-Content -LiteralPath (Join-Path -Path $plugins -ChildPath 'module_utils/_Probe.psm1') -Raw
$fake = Get-Content -LiteralPath (Join-Path -Path $PSScriptRoot -ChildPath '../simulators/fake_probe.ps1') -Raw
$own, $export = $source -split '(?m)^(?=Export-ModuleMember)', 2
$code = [scriptblock]::Create("$own`n$fake`n$export")
Import-Module -ModuleInfo (New-Module -Name '_Probe' -ScriptBlock $code) -Global
$runs = Read-Json -Path $Path
foreach ($argument in $runs) {
    Set-Variable -Name complex_args -Value $argument
    & (Join-Path -Path $plugins -ChildPath 'modules/windows_probe_remote.ps1')
}
