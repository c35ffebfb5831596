//! PowerShell that a customer runs where Graph cannot do it, or where consent was refused: pure text from a list of acts.
//!
//! Names are hostile. Every text from outside stands in single quotes, and nothing but ASCII leaves this module: PowerShell ends
//! a string at four Unicode quotes too, and a file without a mark is read in the code page of the machine, in which bytes of
//! harmless letters are such quotes.
//!
//! Each act reads first, changes only what is not so already, and then looks whether it is so: the script can be run again.

pub mod queue;
mod quote;
mod steps;
pub mod stops;
pub mod way_out;

use super::country::Country;
use super::directory::NumberType;
use super::guid::{GroupId, ObjectId, PlanId, SkuId, TenantId};
use super::phone::PhoneNumber;

use quote::{comment, quoted};
use stops::Stops;

/// The cloud that a script signs in to: both modules go to the worldwide one unless they are told another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cloud {
    /// Worldwide, and GCC.
    #[default]
    Global,
    /// US Government L4 (GCC High).
    UsGov,
    /// US Government L5 (DoD).
    UsDod,
    /// China, operated by 21Vianet.
    China,
}

impl Cloud {
    /// What `Connect-MicrosoftTeams` and `Connect-MgGraph` are told besides the tenant.
    fn parameters(self) -> (&'static str, &'static str) {
        match self {
            Self::Global => ("", ""),
            Self::UsGov => (" -TeamsEnvironmentName TeamsGCCH", " -Environment USGov"),
            Self::UsDod => (" -TeamsEnvironmentName TeamsDOD", " -Environment USGovDoD"),
            Self::China => (" -TeamsEnvironmentName TeamsChina", " -Environment China"),
        }
    }
}

/// The tenant that a script is made for: it stops in any other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// The pinned id.
    pub tenant: TenantId,
    /// Its name, for those who read the script.
    pub name: String,
    /// Where it lies.
    pub cloud: Cloud,
}

/// Whom an act is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The directory user.
    pub id: ObjectId,
    /// Sign-in name.
    pub upn: String,
    /// Name, for those who read the script.
    pub name: String,
}

/// A licence, with a plan inside it where one is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// The licence.
    pub sku: SkuId,
    /// Its name, for those who read the script.
    pub name: String,
}

/// A service plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The plan.
    pub id: PlanId,
    /// Its name, for those who read the script.
    pub name: String,
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// The plan is switched on.
    On,
    /// The plan is switched off.
    Off,
}

/// What a resource account answers for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answers {
    /// An auto attendant.
    Attendant,
    /// A call queue.
    Queue,
}

impl Answers {
    /// The id of Microsoft's application behind it.
    fn application(self) -> &'static str {
        match self {
            Self::Attendant => "ce933385-9390-45d1-9512-c8d228074e07",
            Self::Queue => "11cd3e2e-fccb-42ad-ad00-878b93575e07",
        }
    }
}

/// A resource account to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAccount {
    /// Sign-in name.
    pub upn: String,
    /// Display name.
    pub name: String,
    /// What it answers for.
    pub answers: Answers,
    /// Usage location, without which it gets no licence.
    pub location: Country,
    /// Its number.
    pub number: PhoneNumber,
}

/// Who is given a number once another one is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Successor {
    /// Who.
    pub user: Person,
    /// The number that is meant for them.
    pub number: PhoneNumber,
}

/// One thing that a script does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Gives a number.
    AssignNumber {
        /// To whom.
        user: Person,
        /// The number.
        number: PhoneNumber,
        /// Its type in the inventory; Direct Routing for one that is not there yet.
        kind: NumberType,
    },
    /// Takes a number away; its type is read from the inventory by the script.
    ReleaseNumber {
        /// From whom.
        user: Person,
        /// The number.
        number: PhoneNumber,
        /// The number in use that stops with it: nobody else is given it. A Calling Plan number is asked about in any case.
        stops: Option<PhoneNumber>,
        /// For whom it makes room: somebody who has got another number meanwhile keeps that, and nothing is released.
        to: Option<Successor>,
    },
    /// Sets the usage location.
    SetLocation {
        /// Whose.
        user: Person,
        /// The country.
        country: Country,
    },
    /// Switches one plan inside a direct licence; what else is off stays off.
    SwitchPlan {
        /// Whose.
        user: Person,
        /// The licence.
        product: Product,
        /// The plan inside.
        plan: Plan,
        /// On or off.
        turn: Turn,
        /// The number in use that stops with it: it is released first.
        stops: Stops,
    },
    /// Takes a direct licence away.
    RemoveLicence {
        /// Whose.
        user: Person,
        /// The licence.
        product: Product,
        /// The number in use that stops with it: it is released first.
        stops: Stops,
    },
    /// Gives a licence with these plans off, where it is not held.
    GiveLicence {
        /// Whose.
        user: Person,
        /// The licence.
        product: Product,
        /// Plans that are off.
        off: Vec<PlanId>,
    },
    /// A licence that comes by a group: the script asks whether the user leaves the group. What changes it for all members is
    /// stated and never done: it would silence numbers of people whom nobody has looked at.
    GroupLicence {
        /// Whose.
        user: Person,
        /// The group.
        group: GroupId,
        /// The licence.
        product: Product,
        /// The plan inside.
        plan: Plan,
        /// The number in use that stops with it: it is released first.
        stops: Stops,
    },
    /// Makes, licenses and numbers a resource account.
    CreateResourceAccount(NewAccount),
    /// Takes a number out of on-premises Active Directory.
    ClearOnPremises {
        /// Whose.
        user: Person,
    },
    /// Grants a voice routing policy.
    GrantVoiceRoute {
        /// To whom.
        user: Person,
        /// The policy's name.
        policy: String,
    },
    /// Something that no script does: a sentence.
    Stated(String),
    /// A queued change that is not written now: a sentence with its state. It is no step.
    LeftOut(String),
}

/// Which modules an act needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four modules, each needed or not"
)]
struct Needs {
    teams: bool,
    users: bool,
    groups: bool,
    active_directory: bool,
}

impl Needs {
    fn of(acts: &[Act]) -> Self {
        let mut needs = Self::default();
        for act in acts {
            match act {
                Act::AssignNumber { .. }
                | Act::ReleaseNumber { .. }
                | Act::GrantVoiceRoute { .. } => needs.teams = true,
                Act::SetLocation { .. } | Act::GiveLicence { .. } => needs.users = true,
                Act::SwitchPlan { stops, .. } | Act::RemoveLicence { stops, .. } => {
                    needs.users = true;
                    needs.teams |= *stops != Stops::Nothing;
                }
                Act::GroupLicence { stops, .. } => {
                    needs.users = true;
                    needs.groups = true;
                    needs.teams |= *stops != Stops::Nothing;
                }
                Act::CreateResourceAccount(_) => {
                    needs.teams = true;
                    needs.users = true;
                }
                Act::ClearOnPremises { .. } => needs.active_directory = true,
                Act::Stated(_) | Act::LeftOut(_) => {}
            }
        }
        needs
    }
}

/// The whole script, ASCII, each line ended.
pub fn script(home: &Home, acts: &[Act]) -> String {
    let needs = Needs::of(acts);
    let mut text = Text::default();
    head(&mut text, home, needs);
    let mut n = 0;
    for act in acts {
        text.line("");
        if let Act::LeftOut(words) = act {
            text.comment(&format!("Left out: {words}"));
        } else {
            n += 1;
            steps::step(&mut text, n, act, home.tenant);
        }
    }
    text.line("");
    text.line("Write-Output 'Done.'");
    text.0
}

/// Lines under way.
#[derive(Debug, Default)]
struct Text(String);

impl Text {
    fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    fn comment(&mut self, words: &str) {
        self.line(&comment(words));
    }

    fn set(&mut self, variable: &str, value: &str) {
        self.line(&format!("${variable} = {}", quoted(value)));
    }
}

fn head(text: &mut Text, home: &Home, needs: Needs) {
    text.line("#Requires -Version 5.1");
    if needs.teams {
        text.line("#Requires -Modules @{ ModuleName = 'MicrosoftTeams'; ModuleVersion = '7.0.0' }");
    }
    if needs.users {
        text.line("#Requires -Modules Microsoft.Graph.Authentication, Microsoft.Graph.Users, Microsoft.Graph.Users.Actions, Microsoft.Graph.Identity.DirectoryManagement");
    }
    if needs.groups {
        text.line("#Requires -Modules Microsoft.Graph.Groups");
    }
    if needs.active_directory {
        text.line("#Requires -Modules ActiveDirectory");
    }
    text.comment(&format!(
        "Made by teamsconnector for the tenant {} ({}).",
        home.name, home.tenant
    ));
    text.comment("Each step reads first and changes only what is not so already: the script can be run again.");
    text.line("Set-StrictMode -Version Latest");
    text.line("$ErrorActionPreference = 'Stop'");
    text.set("tenant", &home.tenant.to_string());
    text.line(CONFIRM);
    // Both sign-ins are checked before anything is changed.
    if needs.teams {
        let (teams, _) = home.cloud.parameters();
        text.line(&format!(
            "Connect-MicrosoftTeams -TenantId $tenant{teams} | Out-Null"
        ));
        text.line("if ([string](Get-CsTenant).TenantId -ne $tenant) { throw 'Teams is signed in to another tenant. Nothing was changed.' }");
    }
    if needs.users || needs.groups {
        let (_, graph) = home.cloud.parameters();
        let scopes = if needs.groups {
            "'User.ReadWrite.All', 'Organization.Read.All', 'LicenseAssignment.ReadWrite.All', 'GroupMember.ReadWrite.All'"
        } else {
            "'User.ReadWrite.All', 'Organization.Read.All', 'LicenseAssignment.ReadWrite.All'"
        };
        text.line(&format!(
            "Connect-MgGraph -TenantId $tenant{graph} -NoWelcome -Scopes {scopes}"
        ));
        text.line("if ([string](Get-MgContext).TenantId -ne $tenant) { throw 'Graph is signed in to another tenant. Nothing was changed.' }");
    }
}

/// Looks again and again for five minutes, since the service answers before it is done.
const CONFIRM: &str = "\
function Confirm-State([string] $Sentence, [scriptblock] $Test) {
    for ($try = 0; $try -lt 30; $try++) {
        if (& $Test) { return }
        Start-Sleep -Seconds 10
    }
    throw $Sentence
}
function Confirm-Silence([string] $User, [string] $Upn, [string] $Number) {
    if (@(Get-CsPhoneNumberAssignment -AssignedPstnTargetId $User | Where-Object { $_.TelephoneNumber -eq $Number }).Count -eq 0) { return }
    $typed = Read-Host ('This stops ' + $Number + ', which is in use. Type the sign-in name ' + $Upn + ' to go on')
    if ($typed -ne $Upn) { throw 'Not confirmed: left as it was.' }
}
function Confirm-Unread([string] $Upn) {
    $typed = Read-Host ('The numbers of ' + $Upn + ' could not be read when this script was made. A number in use stops with this. Type the sign-in name ' + $Upn + ' to go on')
    if ($typed -ne $Upn) { throw 'Not confirmed: left as it was.' }
}";

#[cfg(test)]
mod tests;
