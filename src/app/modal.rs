//! What stands over the panes, the topmost of which has the keys.

use super::action::Place;
use super::columns::ColumnsBox;
use super::pane::bulk::Bulk;
use super::pane::chooser::Chooser;
use super::pane::confirm::Confirm;
use super::pane::conflict::ConflictBox;
use super::pane::earlier::EarlierBox;
use super::pane::editor::Editor;
use super::pane::free::FreeBox;
use super::pane::palette::Palette;
use super::pane::plan::PlanBox;
use super::pane::seat::SeatBox;
use super::pane::settings::SettingsForm;
use super::pane::sign_in::SignInBox;
use super::pane::sync::LogView;
use super::pane::tenant::TenantForm;
use super::pane::text::Text;
use super::pane::why::WhyBox;

/// One of them.
#[derive(Debug, Clone, PartialEq)]
pub enum Modal {
    /// Why somebody is missing.
    Why(Box<WhyBox>),
    /// The form.
    Form(Box<Editor>),
    /// The tenant's free numbers, for the form below.
    Free(Box<FreeBox>),
    /// The plan.
    Plan(PlanBox),
    /// A conflict.
    Conflict(Box<ConflictBox>),
    /// A question.
    Confirm(Box<Confirm>),
    /// The list of all actions.
    Palette(Palette),
    /// The settings of the tenant.
    Settings(Box<SettingsForm>),
    /// Whose seat goes to somebody.
    Seat(SeatBox),
    /// The tenants.
    Chooser(Box<Chooser>),
    /// The form of a new tenant.
    NewTenant(Box<TenantForm>),
    /// What is left of the tenant before.
    Earlier(Box<EarlierBox>),
    /// What a person does to sign in.
    SignIn(SignInBox),
    /// The log of an earlier run.
    Log(LogView),
    /// Many users at once: an import, an edit of all marked, an export.
    Bulk(Box<Bulk>),
    /// The columns of a pane.
    Columns(ColumnsBox),
    /// A text.
    Text(Text),
}

impl Modal {
    /// Whether it is a form of which something is being saved or read: what comes of it concerns what is on top.
    pub fn is_saving(&self) -> bool {
        match self {
            Self::Form(form) => form.is_saving(),
            Self::Settings(form) => form.is_saving(),
            Self::NewTenant(form) => form.is_saving(),
            Self::Bulk(open) => open.is_saving(),
            _ => false,
        }
    }

    /// Where its keys are read.
    pub fn place(&self) -> Place {
        match self {
            Self::Why(_) => Place::Why,
            Self::Form(_) | Self::Settings(_) | Self::NewTenant(_) => Place::Form,
            Self::Seat(_) | Self::Chooser(_) | Self::Free(_) => Place::Choice,
            Self::SignIn(_) => Place::SignIn,
            Self::Earlier(_) => Place::Earlier,
            Self::Plan(_) => Place::Plan,
            Self::Conflict(_) => Place::Conflict,
            Self::Confirm(_) => Place::Confirm,
            Self::Palette(_) => Place::Palette,
            Self::Log(_) => Place::Log,
            Self::Bulk(open) => open.place(),
            Self::Columns(_) => Place::Columns,
            Self::Text(_) => Place::Text,
        }
    }
}
