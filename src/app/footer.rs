//! What the footer offers in each place: a few actions of the table, the most useful first.

use super::action::{Action as A, Place};

/// What the footer offers in a place, the most useful first.
#[expect(
    clippy::too_many_lines,
    reason = "one arm for each, so that none can be forgotten"
)]
pub fn footer(place: Place) -> &'static [A] {
    match place {
        Place::Users => &[
            A::Open,
            A::Why,
            A::MoveNumber,
            A::SyncNow,
            A::Plan,
            A::Import,
            A::Filter,
            A::Remove,
            A::Palette,
        ],
        Place::Candidates => &[
            A::Add,
            A::Mark,
            A::Why,
            A::Everyone,
            A::MoveNumber,
            A::Import,
            A::Filter,
            A::SyncNow,
            A::Palette,
        ],
        Place::Sync => &[
            A::SyncNow,
            A::CancelRun,
            A::Open,
            A::Compare,
            A::NextWarning,
            A::Filter,
            A::Levels,
            A::Palette,
        ],
        Place::Changes => &[
            A::Open,
            A::Undo,
            A::Plan,
            A::Why,
            A::Filter,
            A::Copy,
            A::Palette,
        ],
        Place::Licences => &[
            A::Open,
            A::Sort,
            A::Filter,
            A::Copy,
            A::SyncNow,
            A::Palette,
            A::Leave,
        ],
        Place::Numbers => &[
            A::Open,
            A::MoveNumber,
            A::Jump,
            A::Sort,
            A::Filter,
            A::Copy,
            A::SyncNow,
            A::Palette,
        ],
        Place::Filter | Place::Palette => &[A::Leave],
        Place::Choice => &[A::AddTenant, A::EditTenant, A::RemoveTenant, A::Leave],
        Place::Why => &[
            A::Choose,
            A::Plan,
            A::Add,
            A::Edit,
            A::Reread,
            A::Copy,
            A::CopyTable,
            A::MoveNumber,
            A::Palette,
            A::Leave,
        ],
        Place::Plan => &[
            A::Hold,
            A::Open,
            A::KeepPlan,
            A::Ticket,
            A::Apply,
            A::Leave,
            A::Copy,
        ],
        Place::Conflict => &[A::KeepMine, A::TakeTheirs, A::Leave],
        Place::Log => &[
            A::Open,
            A::Filter,
            A::NextHit,
            A::NextWarning,
            A::Levels,
            A::Export,
            A::Copy,
            A::Leave,
        ],
        Place::Columns => &[A::Mark, A::Wider, A::Narrower, A::Leave],
        Place::Text => &[A::Copy, A::PageDown, A::Leave],
        Place::Review => &[
            A::QueueAll,
            A::Open,
            A::Hold,
            A::TakeProposal,
            A::QueueGood,
            A::NextWarning,
            A::TakeAll,
            A::OnlyBad,
            A::Leave,
        ],
        Place::SignIn => &[A::Copy, A::CopyAddress, A::SignIn, A::OtherWay, A::Leave],
        Place::Earlier => &[A::Mark, A::MarkAll, A::QueueEarlier, A::Palette, A::Leave],
        Place::Confirm => &[A::Yes, A::No, A::SaveLeftOut, A::Why, A::PageDown, A::Leave],
        Place::Form => &[
            A::Save,
            A::NextField,
            A::TakeProposal,
            A::FreeNumbers,
            A::FormKeys,
            A::Leave,
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::action::action_table;

    #[test]
    fn every_footer_action_works_where_it_is_offered() {
        for place in Place::ALL {
            for action in footer(place) {
                assert!(action.binding().places.has(place), "{action:?} {place:?}");
            }
        }
        assert!(action_table().count() > 43);
    }
}
