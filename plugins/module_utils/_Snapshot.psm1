# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# For this collection only. Snapshots of the whole policy of a Windows host, through netsh, and the folder that holds them.

# By the whole name: whatever else is in the folder is somebody else's.
$script:SnapshotName = '^firewall-\d{8}T\d{9}Z-([0-9a-f]{8}|handout)\.wfw$'
# Administrators own the folder; they and SYSTEM may do all, and nothing is inherited.
$script:FolderAccess = 'O:BAD:P(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)'
# SYSTEM, Administrators, whoever made a file, and TrustedInstaller, which owns the folder of Windows.
$script:Trusted = 'S-1-5-18', 'S-1-5-32-544', 'S-1-3-0', 'S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464'
# What changes files, names or rights: WriteData, AppendData, WriteExtendedAttributes, DeleteSubdirectoriesAndFiles, WriteAttributes, Delete,
# ChangePermissions, TakeOwnership, GENERIC_WRITE and GENERIC_ALL (FileSystemRights, [MS-DTYP] 2.4.3).
$script:WriteRight = 0x500D0156

function Invoke-LyncNetsh {
    <#
    .SYNOPSIS
    Runs netsh, and fails unless it ends well. Its output is in the language of Windows and is only passed on.
    #>
    param([Parameter(Mandatory = $true)][string[]]$Argument)

    # What it writes as errors is judged by how it ends; 5.1 would stop at the first line of it.
    $ErrorActionPreference = 'Continue'
    $output = & netsh.exe @Argument 2>&1
    if ($LASTEXITCODE -ne 0) {
        $shown = @($Argument | Where-Object { $_ -notmatch '[\\/]' }) -join ' '
        throw "netsh $shown ended with $LASTEXITCODE`: $((@($output) -join ' ').Trim())"
    }
}

function New-LyncFolder {
    <#
    .SYNOPSIS
    Makes a folder in which only Administrators and SYSTEM may do anything, and those above it that are missing.
    #>
    param([Parameter(Mandatory = $true)][string]$Path, [Parameter(Mandatory = $true)][string]$Access)

    $security = New-Object -TypeName System.Security.AccessControl.DirectorySecurity
    $security.SetSecurityDescriptorSddlForm($Access)
    [System.IO.Directory]::CreateDirectory($Path, $security) | Out-Null
}

function Get-LyncFolderRight {
    <#
    .SYNOPSIS
    Returns who may do what in a folder or in what will be made in it, each with Sid and Right; the owner may do all.
    #>
    param([Parameter(Mandatory = $true)][string]$Path)

    $sid = [System.Security.Principal.SecurityIdentifier]
    $security = [System.IO.Directory]::GetAccessControl($Path)
    @{ Sid = $security.GetOwner($sid).Value; Right = 0x10000000L }
    foreach ($rule in $security.GetAccessRules($true, $true, $sid)) {
        if ($rule.AccessControlType -eq [System.Security.AccessControl.AccessControlType]::Allow) {
            @{ Sid = $rule.IdentityReference.Value; Right = [long][int]$rule.FileSystemRights -band 0xFFFFFFFFL }
        }
    }
}

function Get-LyncAccountName {
    <#
    .SYNOPSIS
    Returns a security identifier with the name of its account, where Windows knows it.
    #>
    param([Parameter(Mandatory = $true)][string]$Sid)

    try {
        $account = New-Object -TypeName System.Security.Principal.SecurityIdentifier -ArgumentList $Sid
        "$Sid ($($account.Translate([System.Security.Principal.NTAccount]).Value))"
    } catch {
        $Sid
    }
}

function Assert-LyncFolder {
    <#
    .SYNOPSIS
    Fails unless a folder is one of a local drive, written in full, in which nobody but administrators may write: what lies there is imported as SYSTEM,
    by a task that starts in another folder.
    #>
    param([Parameter(Mandatory = $true)][string]$Directory)

    $isFull = [System.IO.Path]::IsPathRooted($Directory) -and $Directory -notmatch '^[\\/]{2}'
    if (-not $isFull -or [System.IO.Path]::GetFullPath($Directory) -ne $Directory) {
        throw "$Directory is no folder of a local drive, written in full; nothing was written"
    }
    if (Test-Path -LiteralPath $Directory) {
        $writer = Get-LyncFolderRight -Path $Directory | Where-Object { $_.Right -band $script:WriteRight -and $script:Trusted -notcontains $_.Sid }
        $name = @($writer | ForEach-Object { $_.Sid } | Sort-Object -Unique | ForEach-Object { Get-LyncAccountName -Sid $_ })
        if ($name.Count -gt 0) {
            $fix = 'fix: let only Administrators and SYSTEM write there and own it, or choose another folder'
            throw "others may write in $Directory, from which rules are imported: $($name -join ', '); nothing was written; $fix"
        }
    }
}

function Export-LyncSnapshot {
    <#
    .SYNOPSIS
    Exports the whole policy to a new file in a folder, removes the oldest but for Keep, and returns the path. The new one stays in any case.
    #>
    param([Parameter(Mandatory = $true)][string]$Directory, [Parameter(Mandatory = $true)][int]$Keep)

    Assert-LyncFolder -Directory $Directory
    if (-not (Test-Path -LiteralPath $Directory)) {
        New-LyncFolder -Path $Directory -Access $script:FolderAccess
    }
    $stamp = [System.DateTime]::UtcNow.ToString('yyyyMMddTHHmmssfff', [System.Globalization.CultureInfo]::InvariantCulture)
    $path = Join-Path -Path $Directory -ChildPath "firewall-$($stamp)Z-$([guid]::NewGuid().ToString('N').Substring(0, 8)).wfw"
    Invoke-LyncNetsh -Argument 'advfirewall', 'export', $path
    $file = Get-Item -LiteralPath $path
    if ($file.Length -eq 0) {
        throw "netsh advfirewall export wrote nothing to $path"
    }
    Get-LyncSnapshot -Directory $Directory | Where-Object { $_.path -ne $file.FullName } | Select-Object -Skip ($Keep - 1) |
        ForEach-Object { Remove-Item -LiteralPath $_.path }
    $path
}

function Get-LyncSnapshot {
    <#
    .SYNOPSIS
    Returns the snapshots of a folder that are ours, the last written first, each with path and bytes.
    #>
    param([Parameter(Mandatory = $true)][string]$Directory)

    if (Test-Path -LiteralPath $Directory) {
        $own = Get-ChildItem -LiteralPath $Directory -Filter 'firewall-*.wfw' | Where-Object { $_.Name -match $script:SnapshotName }
        foreach ($file in $own | Sort-Object -Property LastWriteTimeUtc, Name -Descending) {
            @{ path = $file.FullName; bytes = $file.Length }
        }
    }
}

function Test-LyncSnapshot {
    <#
    .SYNOPSIS
    Whether there is a snapshot of this path.
    #>
    param([Parameter(Mandatory = $true)][string]$Path)

    Test-Path -LiteralPath $Path -PathType Leaf
}

function Read-LyncSnapshot {
    <#
    .SYNOPSIS
    Returns the content of a snapshot in base64, unless it is larger than Limit bytes or others may write where it lies.
    #>
    param([Parameter(Mandatory = $true)][string]$Path, [Parameter(Mandatory = $true)][int]$Limit)

    Assert-LyncFolder -Directory (Split-Path -Path $Path)
    $length = (Get-Item -LiteralPath $Path).Length
    if ($length -gt $Limit) {
        throw "snapshot $Path has $length bytes, more than the $Limit that are read; nothing was written"
    }
    [System.Convert]::ToBase64String([System.IO.File]::ReadAllBytes($Path))
}

function Import-LyncSnapshot {
    <#
    .SYNOPSIS
    Replaces the whole local policy by a snapshot, unless others may write where it lies.
    #>
    param([Parameter(Mandatory = $true)][string]$Path)

    Assert-LyncFolder -Directory (Split-Path -Path $Path)
    Invoke-LyncNetsh -Argument 'advfirewall', 'import', $Path
}

Export-ModuleMember -Function Invoke-LyncNetsh, Export-LyncSnapshot, Get-LyncSnapshot, Test-LyncSnapshot, Read-LyncSnapshot, Import-LyncSnapshot
