//! Other words by which actions are looked for in the list of all of them.

use super::action::Action as A;

/// Other words by which actions are looked for.
const ALSO: &[(A, &str)] = &[
    (A::Remove, "delete drop release number"),
    (A::Filter, "find search clear"),
    (A::Leave, "clear filter close cancel"),
    (A::Quit, "exit close"),
    (A::Undo, "discard revert clear delete"),
    (A::Apply, "write save commit"),
    (A::Plan, "write apply pending queue"),
    (A::Everyone, "missing all people"),
    (A::Why, "explain missing reason"),
    (A::Sort, "order"),
    (A::Jump, "go holder number user"),
    (A::ShowLicences, "sku products seats plans"),
    (A::ShowNumbers, "inventory free phantom"),
    (A::FreeNumbers, "inventory pick choose assign"),
    (A::Copy, "clipboard yank"),
    (A::AllowWriting, "read-only unlock"),
    (A::CancelRun, "stop abort"),
    (A::SyncNow, "refresh reload read"),
    (A::Reread, "refresh reload"),
    (A::AddByHand, "new create"),
    (A::Edit, "change number country assign"),
    (A::Palette, "help"),
    (A::FormKeys, "help"),
    (
        A::Settings,
        "tenant seats trial end date group filter mode manual",
    ),
    (
        A::SignIn,
        "login log in authenticate device code browser token",
    ),
    (A::SignOut, "logout log out forget token"),
    (A::Tenants, "switch customer overview chooser change tenant"),
    (A::AddTenant, "new customer connect configure"),
    (A::RemoveTenant, "delete forget drop customer"),
    (
        A::EditTenant,
        "change correct rename tenant id domain client app secret",
    ),
    (A::MoveSeat, "swap license unlicensed"),
    (A::Compare, "diff difference history runs"),
    (
        A::Handover,
        "changed changes since shift audit who did what others history",
    ),
    (A::ClearGroup, "remove filter bad-group"),
    (A::DisableSync, "unpin pin another tenant wrong mismatch"),
    (
        A::Earlier,
        "adopt old numbers parked set aside unpin other tenant",
    ),
    (A::NextWarning, "error triangle"),
    (A::Levels, "debug info warning filter log"),
    (A::Columns, "width hide show e-mail table"),
    (A::Import, "csv xlsx spreadsheet excel paste bulk"),
    (A::Export, "csv spreadsheet excel save file text log"),
    (A::QueueGood, "partial"),
    (A::SaveLeftOut, "rejected refused rows import file"),
];

impl A {
    /// Other words by which it is looked for in the list of all actions.
    pub fn also(self) -> &'static str {
        ALSO.iter()
            .find(|(action, _)| *action == self)
            .map_or("", |(_, words)| words)
    }
}
