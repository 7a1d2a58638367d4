# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# For this collection only. Takes the arguments of a module by its literal specification, and gives its result back. Ansible.Basic
# does that too, but is compiled anew in every run, which costs more than all that our modules do.

function New-LyncModule {
    <#
    .SYNOPSIS
    Returns the module: Params (options with their defaults), CheckMode, Result (to be filled), Problem (texts), Verbosity.
    #>
    param([Parameter(Mandatory = $true)][System.Collections.IDictionary]$Specification, [System.Collections.IDictionary]$Given)

    $own = @{}
    foreach ($name in $Given.Keys) {
        if ($name -notlike '_ansible_*') {
            $own[$name] = $Given[$name]
        }
    }
    $problems = New-Object -TypeName System.Collections.ArrayList
    $params = Read-LyncOption -Options $Specification.options -Given $own -Place '' -Problem $problems
    $isCheck = [bool]$Given['_ansible_check_mode']
    @{ Params = $params; CheckMode = $isCheck; Result = @{ changed = $false }; Problem = $problems; Verbosity = [int]$Given['_ansible_verbosity'] }
}

function Read-LyncOption {
    <#
    .SYNOPSIS
    Returns the options that a specification knows, with their defaults; what is wrong is added to Problem.
    #>
    param([System.Collections.IDictionary]$Options, [System.Collections.IDictionary]$Given, [string]$Place, [System.Collections.IList]$Problem)

    $read = @{}
    foreach ($name in $Options.Keys) {
        $option = $Options[$name]
        $read[$name] = $option.default
        if ($null -ne $Given[$name]) {
            $read[$name] = ConvertTo-LyncOptionValue -Value $Given[$name] -Option $option -Place "$Place$name" -Problem $Problem
        } elseif ($option.required) {
            $null = $Problem.Add("$Place$name`: it is required")
        }
    }
    foreach ($name in @($Given.Keys) | Where-Object { -not $Options.Contains($_) } | Sort-Object) {
        $null = $Problem.Add("$Place$name`: there is no such option; allowed: $((@($Options.Keys) | Sort-Object) -join ', ')")
    }
    $read
}

function ConvertTo-LyncOptionValue {
    <#
    .SYNOPSIS
    Returns a value as the type of its option; a value that is none is added to Problem.
    #>
    param($Value, [System.Collections.IDictionary]$Option, [string]$Place, [System.Collections.IList]$Problem)

    $isText = $Value -isnot [System.Collections.IList] -and $Value -isnot [System.Collections.IDictionary]
    switch -Regex ($Option.type) {
        'raw' { return , $Value }
        'dict' { if ($Value -is [System.Collections.IDictionary]) { return $Value } }
        'list' { if ($Value -is [System.Collections.IList]) { return , @(Read-LyncItem -Value $Value -Option $Option -Place $Place -Problem $Problem) } }
        'bool' { if ([string]$Value -match '^(true|yes|on|1|(false|no|off|0))$') { return -not $Matches[2] } }
        'int' { if ([string]$Value -match '^-?[0-9]{1,9}$') { return [int]$Value } }
        'str' { if ($isText -and ($null -eq $Option.choices -or $Option.choices -ccontains [string]$Value)) { return [string]$Value } }
    }
    $allowed = if ($Option.choices) { $Option.choices -join ', ' } else { $Option.type }
    $null = $Problem.Add("$Place`: $(if ($isText) { "'$Value'" } else { 'the value' }) is refused; allowed: $allowed")
}

function Read-LyncItem {
    <#
    .SYNOPSIS
    Returns the items of a list of dictionaries, each read by the options of the list.
    #>
    param([System.Collections.IList]$Value, [System.Collections.IDictionary]$Option, [string]$Place, [System.Collections.IList]$Problem)

    for ($index = 0; $index -lt $Value.Count; $index++) {
        if ($Value[$index] -is [System.Collections.IDictionary]) {
            Read-LyncOption -Options $Option.options -Given $Value[$index] -Place "$Place[$index]." -Problem $Problem
        } else {
            $null = $Problem.Add("$Place[$index]: the value is refused; allowed: dict")
        }
    }
}

function Assert-LyncOption {
    <#
    .SYNOPSIS
    Fails with all problems of the arguments at once.
    #>
    param([Parameter(Mandatory = $true)]$Module)

    if ($Module.Problem.Count -gt 0) {
        throw ($Module.Problem -join "`n")
    }
}

function ConvertTo-LyncWholeText {
    <#
    .SYNOPSIS
    Returns a text with U+FFFD for each half of a character, which no JSON may hold.
    #>
    param([Parameter(Mandatory = $true)][AllowEmptyString()][string]$Text)

    $half = '(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]|[\uD800-\uDBFF](?![\uDC00-\uDFFF])'
    [regex]::Replace($Text, $half, [string][char]0xFFFD)
}

function Write-LyncResult {
    <#
    .SYNOPSIS
    Returns the result as the JSON that Ansible reads; with a failure it is a failed one. Where it failed is told from -vvv on.
    #>
    param([Parameter(Mandatory = $true)]$Module, [System.Management.Automation.ErrorRecord]$Failure)

    if ($null -ne $Failure) {
        $Module.Result.failed = $true
        $Module.Result.msg = $Failure.Exception.Message
        if ($Module.Verbosity -ge 3) {
            $Module.Result.exception = "$Failure`n$($Failure.ScriptStackTrace)"
        }
    }
    ConvertTo-LyncWholeText -Text (ConvertTo-Json -InputObject $Module.Result -Depth 20 -Compress)
}

Export-ModuleMember -Function New-LyncModule, Assert-LyncOption, ConvertTo-LyncWholeText, Write-LyncResult
