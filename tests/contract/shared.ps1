# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# What run.ps1 and run_ipsec.ps1 share. Windows PowerShell 5.1.

function ConvertTo-Table {
    # What ConvertFrom-Json gave, with tables in place of objects; arrays stay arrays.
    param($Value)
    if ($Value -is [System.Management.Automation.PSCustomObject]) {
        $table = [ordered]@{}
        foreach ($property in $Value.PSObject.Properties) {
            $table[$property.Name] = ConvertTo-Table -Value $property.Value
        }
        return $table
    }
    if ($Value -is [array]) {
        $items = foreach ($item in $Value) { , (ConvertTo-Table -Value $item) }
        return , @($items)
    }
    $Value
}

function Read-Json {
    # The content of a JSON file as tables.
    param([string]$Path)
    $text = [System.IO.File]::ReadAllText($Path, [System.Text.Encoding]::UTF8)
    ConvertTo-Table -Value (ConvertFrom-Json -InputObject $text)
}

function Assert-Administrator {
    # Only an administrator may write rules.
    $identity = [System.Security.Principal.WindowsPrincipal][System.Security.Principal.WindowsIdentity]::GetCurrent()
    if (-not $identity.IsInRole([System.Security.Principal.WindowsBuiltInRole]::Administrator)) {
        throw 'this is no administrator'
    }
}

function Get-Build {
    # The build of Windows with its update, such as 20348.2700; empty where there is no Windows.
    $machine = [Microsoft.Win32.Registry]::LocalMachine
    if ($null -eq $machine) {
        return ''
    }
    $key = $machine.OpenSubKey('SOFTWARE\Microsoft\Windows NT\CurrentVersion')
    "$($key.GetValue('CurrentBuildNumber')).$($key.GetValue('UBR'))".TrimEnd('.')
}

function Write-Report {
    # Writes what scenarios gave as evidence that tests/evidence takes in, with how many there are: a part proves nothing.
    param([string]$Path, [string]$Kind, [int]$Seconds, [int]$Scenarios, $Outcome)
    $found = [ordered]@{ kind = $Kind; build = (Get-Build); date = (Get-Date).ToString('yyyy-MM-dd'); seconds = $Seconds }
    $found.scenarios = $Scenarios
    $found.outcomes = @($Outcome)
    [System.IO.File]::WriteAllText($Path, (ConvertTo-Json -InputObject $found -Depth 6))
}
