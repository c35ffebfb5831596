//! The lines of each act.

use crate::domain::directory::NumberType;
use crate::domain::guid::{GroupId, PlanId, TenantId};
use crate::domain::phone::PhoneNumber;

use super::quote::quoted;
use super::stops::Stops;
use super::{Act, NewAccount, Person, Plan, Product, Successor, Text, Turn};

/// Writes step `n`.
pub(super) fn step(text: &mut Text, n: usize, act: &Act, tenant: TenantId) {
    match act {
        Act::AssignNumber { user, number, kind } => {
            title(text, n, &format!("give {}", number.spaced()), user);
            assign(text, number, *kind);
        }
        Act::ReleaseNumber {
            user,
            number,
            stops,
            to,
        } => {
            title(text, n, &format!("take {} away", number.spaced()), user);
            release(text, number, stops.as_ref(), to.as_ref());
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
            switch(text, product, plan, (*turn, stops));
        }
        Act::RemoveLicence {
            user,
            product,
            stops,
        } => {
            title(text, n, &format!("remove {}", product.name), user);
            remove(text, product, stops);
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
            by_group(text, (tenant, *group), product, stops);
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
        Act::Stated(words) | Act::LeftOut(words) => {
            text.comment(&format!("Step {n}, by hand: {words}"));
        }
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

/// Releases the number that a change of a licence stops, before the licence goes: asked only where something is about to change,
/// so a second run asks nothing.
fn silence(text: &mut Text, stops: &Stops, indent: &str) {
    let (which, asked) = match stops {
        Stops::Nothing => return,
        Stops::Number(number) => {
            let number = quoted(number.as_str());
            (
                format!("$_.TelephoneNumber -eq {number}"),
                format!("Confirm-Silence $user $upn {number}"),
            )
        }
        Stops::Unread => (
            "[string]$_.NumberType -eq 'CallingPlan'".to_owned(),
            "Confirm-Unread $upn".to_owned(),
        ),
    };
    let ringing = format!(
        "@(Get-CsPhoneNumberAssignment -AssignedPstnTargetId $user | Where-Object {{ {which} }})"
    );
    text.line(&format!("{indent}{asked}"));
    text.line(&format!("{indent}foreach ($ringing in {ringing}) {{"));
    text.line(&format!("{indent}    Remove-CsPhoneNumberAssignment -Identity $user -TelephoneNumber $ringing.TelephoneNumber -NumberType $ringing.NumberType -ErrorAction Stop"));
    text.line(&format!("{indent}}}"));
    text.line(&format!(
        "{indent}Confirm-State {} {{ {ringing}.Count -eq 0 }}",
        sentence("The number is still held")
    ));
}

/// A second line of somebody, which is not what a telephone number is given for.
const MAIN_LINE: &str = "@('Private', 'Alternate') -notcontains [string]$_.AssignmentCategory";

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
        "    if (@(Get-CsPhoneNumberAssignment -AssignedPstnTargetId $user | Where-Object {{ {MAIN_LINE} }}).Count -gt 0) {{ throw {} }}",
        sentence(OTHER_NUMBER)
    ));
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

const OTHER_NUMBER: &str = "Another number is held than when this script was made, and it is not replaced. Sync, and look again";

fn release(
    text: &mut Text,
    number: &PhoneNumber,
    stops: Option<&PhoneNumber>,
    to: Option<&Successor>,
) {
    text.set("number", number.as_str());
    if let Some(to) = to {
        text.set("receiver", &to.user.id.to_string());
        text.set("whom", &to.user.upn);
        text.set("next", to.number.as_str());
    }
    text.line("$held = @(Get-CsPhoneNumberAssignment -AssignedPstnTargetId $user | Where-Object { $_.TelephoneNumber -eq $number })");
    text.line("if ($held.Count -gt 0) {");
    if to.is_some() {
        // Before anything is released: whoever gets a number must be able to take it.
        text.line(&format!(
            "    if (@(Get-CsPhoneNumberAssignment -AssignedPstnTargetId $receiver | Where-Object {{ {MAIN_LINE} -and @($number, $next) -notcontains $_.TelephoneNumber }}).Count -gt 0) {{ throw ({} + $whom) }}",
            quoted(&format!("{OTHER_NUMBER}: "))
        ));
    }
    match stops {
        Some(stopped) => text.line(&format!(
            "    Confirm-Silence $user $upn {}",
            quoted(stopped.as_str())
        )),
        None => text.line(
            "    if ([string]$held[0].NumberType -eq 'CallingPlan') { Confirm-Silence $user $upn $number }",
        ),
    }
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
fn switch(text: &mut Text, product: &Product, plan: &Plan, (turn, stops): (Turn, &Stops)) {
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

fn remove(text: &mut Text, product: &Product, stops: &Stops) {
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

/// Leaving a group takes more away than this one licence, so the person who runs it chooses. What would change the licence for
/// everybody in the group is only said: it silences the numbers of people who are not in this script.
fn by_group(
    text: &mut Text,
    (tenant, group): (TenantId, GroupId),
    product: &Product,
    stops: &Stops,
) {
    text.comment("By hand, for everybody in the group: it stops the Calling Plan numbers of all its members, so look first who they are:");
    text.comment(&format!(
        "https://entra.microsoft.com/{tenant}#view/Microsoft_AAD_IAM/GroupDetailsMenuBlade/~/Members/groupId/{group}"
    ));
    text.comment(&format!(
        "Then in the Microsoft 365 admin centre, Billing, Licences, Groups, in {}",
        product.name
    ));
    text.set("group", &group.to_string());
    text.line("$choice = Read-Host ('MEMBER takes ' + $upn + ' out of the group, with all licences and rights that it gives; Enter leaves it')");
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
