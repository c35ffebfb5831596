//! The lines of each act.

use crate::domain::directory::NumberType;
use crate::domain::guid::{GroupId, PlanId};
use crate::domain::phone::PhoneNumber;

use super::quote::quoted;
use super::{Act, NewAccount, Person, Plan, Product, Text, Turn};

/// Writes step `n`.
pub(super) fn step(text: &mut Text, n: usize, act: &Act) {
    match act {
        Act::AssignNumber { user, number, kind } => {
            title(text, n, &format!("give {}", number.spaced()), user);
            assign(text, number, *kind);
        }
        Act::ReleaseNumber {
            user,
            number,
            stops,
        } => {
            title(text, n, &format!("take {} away", number.spaced()), user);
            release(text, number, stops.as_ref());
        }
        Act::SetLocation { user, country } => {
            title(text, n, &format!("set the usage location {country}"), user);
            location(text, country.as_str());
        }
        Act::SwitchPlan {
            user,
            product,
            plan,
            turn,
            stops,
        } => {
            let word = match turn {
                Turn::On => "on",
                Turn::Off => "off",
            };
            let what = format!("switch {} {word} in {}", plan.name, product.name);
            title(text, n, &what, user);
            switch(text, product, plan, (*turn, stops.as_ref()));
        }
        Act::RemoveLicence {
            user,
            product,
            stops,
        } => {
            title(text, n, &format!("remove {}", product.name), user);
            remove(text, product, stops.as_ref());
        }
        Act::GiveLicence { user, product, off } => {
            title(text, n, &format!("give {}", product.name), user);
            give(text, product, off);
        }
        Act::GroupLicence {
            user,
            group,
            product,
            plan,
            stops,
        } => {
            let what = format!("{} in {}, by a group", plan.name, product.name);
            title(text, n, &what, user);
            by_group(text, *group, (product, plan), stops.as_ref());
        }
        Act::CreateResourceAccount(account) => create(text, n, account),
        Act::ClearOnPremises { user } => {
            title(text, n, "clear msRTCSIP-Line in Active Directory", user);
            clear(text);
        }
        Act::GrantVoiceRoute { user, policy } => {
            title(text, n, "grant the voice routing policy", user);
            grant(text, policy);
        }
        Act::Stated(words) => text.comment(&format!("Step {n}, by hand: {words}")),
    }
}

fn title(text: &mut Text, n: usize, what: &str, user: &Person) {
    text.comment(&format!("Step {n}: {what}: {} <{}>", user.name, user.upn));
    text.set("user", &user.id.to_string());
    text.set("upn", &user.upn);
}

/// A sentence for `throw` that names the person.
fn sentence(words: &str) -> String {
    format!("({} + $upn)", quoted(&format!("{words}: ")))
}

/// Asked only where something is about to change: a second run asks nothing.
fn silence(text: &mut Text, stops: Option<&PhoneNumber>, indent: &str) {
    if let Some(number) = stops {
        text.line(&format!(
            "{indent}Confirm-Silence $user $upn {}",
            quoted(number.as_str())
        ));
    }
}

fn assign(text: &mut Text, number: &PhoneNumber, kind: NumberType) {
    let kind = match kind {
        NumberType::DirectRouting | NumberType::Unknown => "DirectRouting",
        NumberType::CallingPlan => "CallingPlan",
        NumberType::OperatorConnect => "OperatorConnect",
    };
    text.set("number", number.as_str());
    text.line("$held = @(Get-CsPhoneNumberAssignment -TelephoneNumber $number | Where-Object { $_.AssignedPstnTargetId -and $_.PstnAssignmentStatus -ne 'Unassigned' })");
    text.line(&format!(
        "if (@($held | Where-Object {{ [string]$_.AssignedPstnTargetId -ne $user }}).Count -gt 0) {{ throw {} }}",
        sentence("Somebody else holds the number that is meant for")
    ));
    text.line("if ($held.Count -eq 0) {");
    text.line(&format!(
        "    Set-CsPhoneNumberAssignment -Identity $user -TelephoneNumber $number -NumberType {kind} -ErrorAction Stop"
    ));
    text.line("}");
    confirm(
        text,
        "The number is not there yet",
        "@(Get-CsPhoneNumberAssignment -AssignedPstnTargetId $user | Where-Object { $_.TelephoneNumber -eq $number }).Count -gt 0",
    );
}

fn release(text: &mut Text, number: &PhoneNumber, stops: Option<&PhoneNumber>) {
    text.set("number", number.as_str());
    text.line("$held = @(Get-CsPhoneNumberAssignment -AssignedPstnTargetId $user | Where-Object { $_.TelephoneNumber -eq $number })");
    text.line("if ($held.Count -gt 0) {");
    silence(text, stops, "    ");
    text.line("    Remove-CsPhoneNumberAssignment -Identity $user -TelephoneNumber $number -NumberType $held[0].NumberType -ErrorAction Stop");
    text.line("}");
    confirm(
        text,
        "The number is still held",
        "@(Get-CsPhoneNumberAssignment -AssignedPstnTargetId $user | Where-Object { $_.TelephoneNumber -eq $number }).Count -eq 0",
    );
}

fn location(text: &mut Text, country: &str) {
    text.set("country", country);
    text.line(
        "if ((Get-MgUser -UserId $user -Property Id, UsageLocation).UsageLocation -ne $country) {",
    );
    text.line("    Update-MgUser -UserId $user -UsageLocation $country");
    text.line("}");
    confirm(
        text,
        "The usage location is not set",
        "(Get-MgUser -UserId $user -Property Id, UsageLocation).UsageLocation -eq $country",
    );
}

fn confirm(text: &mut Text, words: &str, condition: &str) {
    text.line(&format!(
        "Confirm-State {} {{ {condition} }}",
        sentence(words)
    ));
}

const DIRECT: &str = "@((Get-MgUser -UserId $user -Property Id, LicenseAssignmentStates).LicenseAssignmentStates | Where-Object { [string]$_.SkuId -eq $sku -and -not $_.AssignedByGroup })";

fn direct(text: &mut Text, product: &Product) {
    text.set("sku", &product.sku.to_string());
    text.line(&format!("$direct = {DIRECT}"));
}

/// The list that is sent takes the place of the old one, so it is made from what is off now.
fn switch(
    text: &mut Text,
    product: &Product,
    plan: &Plan,
    (turn, stops): (Turn, Option<&PhoneNumber>),
) {
    direct(text, product);
    text.set("plan", &plan.id.to_string());
    text.line(&format!(
        "if ($direct.Count -eq 0) {{ throw {} }}",
        sentence("The licence is not held directly by")
    ));
    text.line(
        "$off = @($direct[0].DisabledPlans | Where-Object { $_ } | ForEach-Object { [string]$_ })",
    );
    let (differs, list, is_so, words) = match turn {
        Turn::Off => (
            "$off -notcontains $plan",
            "$off + $plan",
            "-contains",
            "The plan is still on for",
        ),
        Turn::On => (
            "$off -contains $plan",
            "$off | Where-Object { $_ -ne $plan }",
            "-notcontains",
            "The plan is still off for",
        ),
    };
    text.line(&format!("if ({differs}) {{"));
    silence(text, stops, "    ");
    text.line(&format!("    Set-MgUserLicense -UserId $user -AddLicenses @(@{{ SkuId = $sku; DisabledPlans = @({list}) }}) -RemoveLicenses @() | Out-Null"));
    text.line("}");
    let condition = format!(
        "@({DIRECT} | ForEach-Object {{ $_.DisabledPlans }} | ForEach-Object {{ [string]$_ }}) {is_so} $plan"
    );
    confirm(text, words, &condition);
    if turn == Turn::Off {
        text.line("if (@((Get-MgUser -UserId $user -Property Id, AssignedPlans).AssignedPlans | Where-Object { [string]$_.ServicePlanId -eq $plan -and @('Enabled', 'Warning') -contains $_.CapabilityStatus }).Count -gt 0) {");
        text.line("    Write-Warning 'The plan still shows as usable: it has not spread yet, or another licence brings it too.'");
        text.line("}");
    }
}

fn remove(text: &mut Text, product: &Product, stops: Option<&PhoneNumber>) {
    direct(text, product);
    text.line("if ($direct.Count -gt 0) {");
    silence(text, stops, "    ");
    text.line(
        "    Set-MgUserLicense -UserId $user -AddLicenses @() -RemoveLicenses @($sku) | Out-Null",
    );
    text.line("}");
    confirm(
        text,
        "The licence is still held by",
        &format!("{DIRECT}.Count -eq 0"),
    );
}

fn give(text: &mut Text, product: &Product, off: &[PlanId]) {
    direct(text, product);
    let off: Vec<String> = off.iter().map(|plan| quoted(&plan.to_string())).collect();
    text.line("if ($direct.Count -eq 0) {");
    text.line(&format!(
        "    Set-MgUserLicense -UserId $user -AddLicenses @(@{{ SkuId = $sku; DisabledPlans = @({}) }}) -RemoveLicenses @() | Out-Null",
        off.join(", ")
    ));
    text.line("}");
    confirm(
        text,
        "The licence is not there",
        &format!("{DIRECT}.Count -gt 0"),
    );
}

/// Both ways touch more than this one licence of this one user, so the person who runs it chooses.
fn by_group(
    text: &mut Text,
    group: GroupId,
    (product, plan): (&Product, &Plan),
    stops: Option<&PhoneNumber>,
) {
    text.set("group", &group.to_string());
    text.set("sku", &product.sku.to_string());
    text.set("plan", &plan.id.to_string());
    text.line("$choice = Read-Host 'GROUP switches the plan off for everybody in the group, MEMBER takes this user out of the group, Enter leaves it'");
    text.line("if ($choice -eq 'GROUP') {");
    text.line("    $licence = @((Get-MgGroup -GroupId $group -Property Id, AssignedLicenses).AssignedLicenses | Where-Object { [string]$_.SkuId -eq $sku })");
    text.line(
        "    if ($licence.Count -eq 0) { throw 'The group does not give this licence any more.' }",
    );
    text.line("    $off = @($licence[0].DisabledPlans | Where-Object { $_ } | ForEach-Object { [string]$_ })");
    text.line("    if ($off -notcontains $plan) {");
    silence(text, stops, "        ");
    text.line("        Set-MgGroupLicense -GroupId $group -AddLicenses @(@{ SkuId = $sku; DisabledPlans = @($off + $plan) }) -RemoveLicenses @() | Out-Null");
    text.line("    }");
    text.line("    Confirm-State 'The plan is still on in the licence of the group.' { @((Get-MgGroup -GroupId $group -Property Id, AssignedLicenses).AssignedLicenses | Where-Object { [string]$_.SkuId -eq $sku } | ForEach-Object { $_.DisabledPlans } | ForEach-Object { [string]$_ }) -contains $plan }");
    text.line("}");
    text.line("if ($choice -eq 'MEMBER') {");
    text.line("    if (@(Get-MgGroupMember -GroupId $group -All | Where-Object { $_.Id -eq $user }).Count -gt 0) {");
    silence(text, stops, "        ");
    text.line("        Remove-MgGroupMemberByRef -GroupId $group -DirectoryObjectId $user");
    text.line("    }");
    text.line(&format!(
        "    Confirm-State {} {{ @(Get-MgGroupMember -GroupId $group -All | Where-Object {{ $_.Id -eq $user }}).Count -eq 0 }}",
        sentence("Still a member of the group")
    ));
    text.line("}");
}

fn create(text: &mut Text, n: usize, account: &NewAccount) {
    text.comment(&format!(
        "Step {n}: resource account {} <{}> with {}",
        account.name,
        account.upn,
        account.number.spaced()
    ));
    text.set("upn", &account.upn);
    text.line("if (@(Get-CsOnlineApplicationInstance | Where-Object { $_.UserPrincipalName -eq $upn }).Count -eq 0) {");
    text.line(&format!(
        "    New-CsOnlineApplicationInstance -UserPrincipalName $upn -DisplayName {} -ApplicationId {} | Out-Null",
        quoted(&account.name),
        quoted(account.answers.application())
    ));
    text.line("}");
    confirm(
        text,
        "The resource account is not there yet",
        "@(Get-CsOnlineApplicationInstance | Where-Object { $_.UserPrincipalName -eq $upn }).Count -gt 0",
    );
    text.line("$user = [string]@(Get-CsOnlineApplicationInstance | Where-Object { $_.UserPrincipalName -eq $upn })[0].ObjectId");
    confirm(
        text,
        "The directory does not show the account yet",
        "@(Get-MgUser -UserId $user -ErrorAction SilentlyContinue).Count -gt 0",
    );
    location(text, account.location.as_str());
    text.line("$product = @(Get-MgSubscribedSku -All | Where-Object { $_.SkuPartNumber -eq 'PHONESYSTEM_VIRTUALUSER' })");
    text.line("if ($product.Count -eq 0) { throw 'The tenant has no licences for resource accounts (PHONESYSTEM_VIRTUALUSER): get them first, they are free of charge.' }");
    text.line("$sku = [string]$product[0].SkuId");
    text.line(&format!("$direct = {DIRECT}"));
    text.line("if ($direct.Count -eq 0) {");
    text.line("    Set-MgUserLicense -UserId $user -AddLicenses @(@{ SkuId = $sku }) -RemoveLicenses @() | Out-Null");
    text.line("}");
    confirm(
        text,
        "The licence is not there",
        &format!("{DIRECT}.Count -gt 0"),
    );
    assign(text, &account.number, NumberType::DirectRouting);
    text.comment("By hand: forward it in the Teams admin centre, Voice, Auto attendants or Call queues: to the person whose second number it is.");
}

fn clear(text: &mut Text) {
    text.comment("Run this part where Active Directory can be reached.");
    text.line(
        "$account = @(Get-ADUser -Filter 'UserPrincipalName -eq $upn' -Properties 'msRTCSIP-Line')",
    );
    text.line(&format!(
        "if ($account.Count -ne 1) {{ throw {} }}",
        sentence("Active Directory does not have exactly one account with the sign-in name")
    ));
    text.line("if (($account[0] | Select-Object -Property 'msRTCSIP-Line').'msRTCSIP-Line') { Set-ADUser -Identity $account[0] -Clear 'msRTCSIP-Line' }");
    confirm(
        text,
        "msRTCSIP-Line is not empty",
        "-not (Get-ADUser -Identity $account[0].DistinguishedName -Properties 'msRTCSIP-Line' | Select-Object -Property 'msRTCSIP-Line').'msRTCSIP-Line'",
    );
    text.line("if (Get-Command Start-ADSyncSyncCycle -ErrorAction SilentlyContinue) {");
    text.line("    Start-ADSyncSyncCycle -PolicyType Delta | Out-Null");
    text.line("} else {");
    text.line("    Write-Warning 'On the server of Entra Connect: Start-ADSyncSyncCycle -PolicyType Delta. Then sync in teamsconnector.'");
    text.line("}");
}

fn grant(text: &mut Text, policy: &str) {
    text.set("policy", policy);
    // Some versions of the module answer with a name, others with an object that has one.
    text.line("function Get-RouteName {");
    text.line("    $route = (Get-CsOnlineUser -Identity $user).OnlineVoiceRoutingPolicy");
    text.line("    if ($route -and $route.PSObject.Properties['Name']) { $route = $route.Name }");
    text.line("    return ([string]$route) -replace '^Tag:', ''");
    text.line("}");
    text.line("if ((Get-RouteName) -ne $policy) {");
    text.line("    Grant-CsOnlineVoiceRoutingPolicy -Identity $user -PolicyName $policy");
    text.line("}");
    confirm(
        text,
        "The voice routing policy is not granted yet",
        "(Get-RouteName) -eq $policy",
    );
}
