# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# For run.ps1 -Fake: imports the .psm1 files of a folder with the lab's fakes around it, over a firewall of one rule in a new folder. PowerShell 7.
param([Parameter(Mandatory = $true)][string]$Path, [string[]]$Util = @('_Windows', '_Snapshot', '_Change', '_Firewall'))

$lab = Join-Path -Path $PSScriptRoot -ChildPath '../simulators'
$folder = Join-Path -Path ([System.IO.Path]::GetTempPath()) -ChildPath "contract-$PID"
New-Item -ItemType Directory -Path $folder -Force | Out-Null
$env:LAB_FAKES = $lab
foreach ($name in 'RULES', 'WORLD', 'COUNTS', 'TASK') {
    Set-Item -Path "env:LAB_$name" -Value (Join-Path -Path $folder -ChildPath $name)
}
# One rule of somebody else's, named Contoso.
Set-Content -LiteralPath $env:LAB_RULES -Value 'Name:Q29udG9zbw=='
$world = @{ addresses = @('10.1.0.11'); listeners = @(); connections = @(); group_policy = @{ rules = @{}; profiles = @{} }; mdm = @{ rules = @{}; profiles = @{} }; products = @(); older_lists = @(); services = @('MpsSvc'); build = '20348.2700' }
$world | ConvertTo-Json -Depth 4 | Set-Content -LiteralPath $env:LAB_WORLD
$env:SystemRoot = $env:windir = 'C:\Windows'

$fake = foreach ($name in 'fake_com.ps1', 'fake_windows.ps1', 'fake_ipsec.ps1', 'fake_folder.ps1') { Get-Content -LiteralPath (Join-Path -Path $lab -ChildPath $name) -Raw }
$count = @'
function Get-ContractCount { @{ enumerations = [LabRules]::Enumerations; writes = [LabRules]::Writes } }
function Set-ContractFault {
    param($Fault)
    [LabRules]::IsDenied = [bool]$Fault.access_denied
    [LabRules]::ErrorAtWrite = if ($Fault.com_error_at_write) { [LabRules]::Writes + $Fault.com_error_at_write } else { 0 }
}
Export-ModuleMember -Function Get-ContractCount, Set-ContractFault
'@
foreach ($name in $Util) {
    $own, $export = (Get-Content -LiteralPath (Join-Path -Path $Path -ChildPath "$name.psm1") -Raw) -split '(?=Export-ModuleMember)', 2
    $behind = switch ($name) { '_Windows' { $fake[1] } '_Snapshot' { $fake[3] } default { '' } }
    $text = ($fake[0], $fake[2], $own, $behind, $export, $count) -join "`n"
    New-Module -Name $name -ScriptBlock ([scriptblock]::Create($text)) | Import-Module -Global
}
