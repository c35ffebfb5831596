//! One table of all actions: name, keys, where they work, one line of help. Keymap, footer, help and README come from it.

/// What an engineer may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// Shows pane 1.
    ShowUsers,
    /// Shows pane 2.
    ShowCandidates,
    /// Shows pane 3.
    ShowSync,
    /// Shows pane 4.
    ShowChanges,
    /// Shows pane 5.
    ShowLicences,
    /// Shows pane 6.
    ShowNumbers,
    /// From a person to the number, or from a number to its user.
    Jump,
    /// Next pane.
    NextPane,
    /// Previous pane.
    PreviousPane,
    /// Cursor down.
    Down,
    /// Cursor up.
    Up,
    /// Page down.
    PageDown,
    /// Page up.
    PageUp,
    /// First row.
    First,
    /// Last row.
    Last,
    /// Opens the row.
    Open,
    /// Filters the rows.
    Filter,
    /// Switches pane 2 between candidates and everyone.
    Everyone,
    /// Sorts by the next column.
    Sort,
    /// Turns the order round.
    Reverse,
    /// Marks the rows from the last mark to here.
    MarkRange,
    /// Marks the row and goes down.
    MarkDown,
    /// Marks the row and goes up.
    MarkUp,
    /// Copies all that an explanation knows.
    CopyTable,
    /// Copies the marked rows as JSON.
    CopyJson,
    /// Copies the cell of the sorted column.
    CopyCell,
    /// Marks the row.
    Mark,
    /// Marks all rows shown.
    MarkAll,
    /// Adds the marked, or the row.
    Add,
    /// Goes the way of a number in an explanation.
    Choose,
    /// Moves the number under the cursor to somebody else.
    MoveNumber,
    /// Adds by hand.
    AddByHand,
    /// Edits.
    Edit,
    /// Removes.
    Remove,
    /// Explains.
    Why,
    /// Reads one user again.
    Reread,
    /// Starts a sync.
    SyncNow,
    /// Starts a debug sync.
    DebugSync,
    /// Cancels the run.
    CancelRun,
    /// Scrolls the log up.
    LogUp,
    /// Scrolls the log down.
    LogDown,
    /// Shows other levels of a log.
    Levels,
    /// Chooses the columns of the pane.
    Columns,
    /// Makes a column wider.
    Wider,
    /// Makes a column narrower.
    Narrower,
    /// Opens the plan.
    Plan,
    /// Drops a queued change.
    Undo,
    /// Copies.
    Copy,
    /// Allows writing.
    AllowWriting,
    /// Asks a person to sign in.
    SignIn,
    /// Signs in by the other way.
    OtherWay,
    /// Signs out.
    SignOut,
    /// Copies the address of a sign-in.
    CopyAddress,
    /// Lists all tenants, to open another.
    Tenants,
    /// Opens the form of a new tenant.
    AddTenant,
    /// Change what the configuration says of a tenant.
    EditTenant,
    /// Takes the tenant under the cursor out of the configuration.
    RemoveTenant,
    /// Opens the tenant's settings.
    Settings,
    /// Clears the group filter.
    ClearGroup,
    /// Takes the pin off the tenant.
    DisableSync,
    /// Shows what is left of the tenant that was pinned before.
    Earlier,
    /// Queues marked numbers of the tenant before.
    QueueEarlier,
    /// Gives somebody's seat to the user under the cursor.
    MoveSeat,
    /// Goes to the next hit in a log.
    NextHit,
    /// Goes to the hit before in a log.
    PreviousHit,
    /// Goes to the next warning in a log.
    NextWarning,
    /// Compares two runs.
    Compare,
    /// Shows what was done in the last eight hours.
    Handover,
    /// Holds an item of the plan back, or lets it go.
    Hold,
    /// Applies the plan.
    Apply,
    /// Notes the ticket of the plan's changes.
    Ticket,
    /// Keeps the plan as a file.
    KeepPlan,
    /// Keeps this side's value of a conflict.
    KeepMine,
    /// Takes the tenant's value of a conflict.
    TakeTheirs,
    /// Imports users.
    Import,
    /// Exports what the pane shows.
    Export,
    /// Queues all of a review.
    QueueAll,
    /// Queues the good rows of a review.
    QueueGood,
    /// Saves the rows that an import leaves out.
    SaveLeftOut,
    /// Lists only the bad rows of a review, or all again.
    OnlyBad,
    /// Takes everything that a review proposes.
    TakeAll,
    /// Judges a review as the other of create and update.
    OtherMode,
    /// Believes numbers that end in zeros.
    TrustZeros,
    /// Saves the form.
    Save,
    /// Next field.
    NextField,
    /// Previous field.
    PreviousField,
    /// Takes what the field proposes.
    TakeProposal,
    /// Lists the tenant's free numbers for the number field.
    FreeNumbers,
    /// Yes.
    Yes,
    /// No.
    No,
    /// The list of all actions.
    Palette,
    /// Opens the list of all actions over a form, where letters are text.
    FormKeys,
    /// Has the terminal tell of the mouse, or keep it to itself.
    Mouse,
    /// Stops the console and shows the shell.
    Suspend,
    /// Leaves one level.
    Leave,
    /// Quits.
    Quit,
}

/// Where keys are read: the pane in front, or what stands over it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// Pane 1.
    Users,
    /// Pane 2.
    Candidates,
    /// Pane 3.
    Sync,
    /// Pane 4.
    Changes,
    /// Pane 5.
    Licences,
    /// Pane 6.
    Numbers,
    /// A filter that is being typed.
    Filter,
    /// Why somebody is missing.
    Why,
    /// The plan.
    Plan,
    /// A conflict.
    Conflict,
    /// A text that is read: a failure, an entry, a comparison.
    Text,
    /// The log of an earlier run.
    Log,
    /// A choice of a user, by search.
    Choice,
    /// A question.
    Confirm,
    /// The form.
    Form,
    /// The list of all actions.
    Palette,
    /// A sign-in.
    SignIn,
    /// What is left of the tenant before.
    Earlier,
    /// The review of an import, or the preview of an edit of many.
    Review,
    /// The columns of a pane.
    Columns,
}

impl Place {
    /// All places.
    pub const ALL: [Self; 20] = [
        Self::Users,
        Self::Candidates,
        Self::Sync,
        Self::Changes,
        Self::Licences,
        Self::Numbers,
        Self::Filter,
        Self::Why,
        Self::Plan,
        Self::Conflict,
        Self::Text,
        Self::Log,
        Self::Choice,
        Self::SignIn,
        Self::Earlier,
        Self::Review,
        Self::Columns,
        Self::Confirm,
        Self::Form,
        Self::Palette,
    ];

    /// What it is called.
    pub fn word(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Candidates => "add-users",
            Self::Sync => "sync",
            Self::Changes => "changes",
            Self::Licences => "licences",
            Self::Numbers => "numbers",
            Self::Filter => "filter",
            Self::Why => "why",
            Self::Plan => "plan",
            Self::Conflict => "conflict",
            Self::Text => "text",
            Self::Log => "log",
            Self::Choice => "choice",
            Self::SignIn => "sign-in",
            Self::Earlier => "earlier",
            Self::Review => "review",
            Self::Columns => "columns",
            Self::Confirm => "question",
            Self::Form => "form",
            Self::Palette => "actions",
        }
    }
}

/// A set of places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Places(u32);

impl Places {
    const USERS: Self = Self(1 << Place::Users as u16);
    const CANDIDATES: Self = Self(1 << Place::Candidates as u16);
    const SYNC: Self = Self(1 << Place::Sync as u16);
    const CHANGES: Self = Self(1 << Place::Changes as u16);
    const LICENCES: Self = Self(1 << Place::Licences as u16);
    const NUMBERS: Self = Self(1 << Place::Numbers as u16);
    const FILTER: Self = Self(1 << Place::Filter as u16);
    const WHY: Self = Self(1 << Place::Why as u16);
    const PLAN: Self = Self(1 << Place::Plan as u16);
    const CONFLICT: Self = Self(1 << Place::Conflict as u16);
    const TEXT: Self = Self(1 << Place::Text as u16);
    const LOG: Self = Self(1 << Place::Log as u16);
    const CHOICE: Self = Self(1 << Place::Choice as u16);
    const CONFIRM: Self = Self(1 << Place::Confirm as u16);
    const FORM: Self = Self(1 << Place::Form as u16);
    const PALETTE: Self = Self(1 << Place::Palette as u16);
    const SIGN_IN: Self = Self(1 << Place::SignIn as u32);
    const EARLIER: Self = Self(1 << Place::Earlier as u32);
    const REVIEW: Self = Self(1 << Place::Review as u32);
    const COLUMNS: Self = Self(1 << Place::Columns as u32);
    const PEOPLE: Self = Self::USERS.and(Self::CANDIDATES);
    const STOCK: Self = Self::LICENCES.and(Self::NUMBERS);
    const PANES: Self = Self::PEOPLE
        .and(Self::SYNC)
        .and(Self::CHANGES)
        .and(Self::STOCK);
    const LOGS: Self = Self::SYNC.and(Self::LOG);
    const READ: Self = Self::WHY.and(Self::TEXT).and(Self::LOG);
    const MOVES: Self = Self::PANES
        .and(Self::READ)
        .and(Self::PLAN)
        .and(Self::CONFLICT)
        .and(Self::SIGN_IN)
        .and(Self::EARLIER)
        .and(Self::CONFIRM)
        .and(Self::REVIEW)
        .and(Self::COLUMNS);
    const LINES: Self = Self::FORM
        .and(Self::PALETTE)
        .and(Self::FILTER)
        .and(Self::CHOICE);
    const ALL: Self = Self(u32::MAX);

    const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the place is in the set.
    pub fn has(self, place: Place) -> bool {
        self.0 & 1 << place as u32 != 0
    }

    /// Whether a place is in both sets.
    pub fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Binding {
    /// The action.
    pub action: Action,
    /// Its keys, the first of which the footer shows.
    pub keys: &'static [&'static str],
    /// Where it works.
    pub places: Places,
    /// The word of the footer.
    pub word: &'static str,
    /// The name in the config and in the palette.
    pub name: &'static str,
    /// What it does, in a line.
    pub help: &'static str,
}

const fn row(
    action: Action,
    keys: &'static [&'static str],
    places: Places,
    words: [&'static str; 3],
) -> Binding {
    let [word, name, help] = words;
    Binding {
        action,
        keys,
        places,
        word,
        name,
        help,
    }
}

use Action as A;
use Places as P;

/// All actions.
#[rustfmt::skip]
pub const TABLE: &[Binding] = &[
    row(A::SyncNow, &["s"], P::PANES, ["sync", "sync", "Sync now: read the tenant, match, plan what is queued"]),
    row(A::DebugSync, &["S"], P::PANES, ["debug sync", "debug-sync", "Sync with a line for every excluded user and every request"]),
    row(A::CancelRun, &["c"], P::PANES, ["cancel run", "cancel-run", "Stop the run at its next safe point"]),
    row(A::Plan, &["p"], P::PANES.and(P::WHY), ["plan", "plan", "Show what would be written, before anything is"]),
    row(A::Apply, &["A"], P::PLAN, ["apply", "apply", "Write what the plan shows"]),
    row(A::Ticket, &["T"], P::PLAN, ["ticket", "ticket", "Note the ticket that the chosen changes belong to: kept in the audit"]),
    row(A::KeepPlan, &["O"], P::PLAN, ["save file", "save-plan", "Save the plan as a file, to be applied later with sync --apply"]),
    row(A::Hold, &["Space"], P::PLAN.and(P::REVIEW), ["leave out", "hold", "Hold this change back, or let it go again; it stays queued (in a preview: leave this user out)"]),
    row(A::Open, &["Enter"], P::PANES.and(P::REVIEW).and(P::LOG).and(P::PLAN), ["open", "open", "Open the row: edit a user, explain a candidate, a holder, whom a row of the plan or a line of a log names, read a log, decide a conflict, look into a licence, put a row of an import right"]),
    row(A::Why, &["w"], P::PANES.and(P::PLAN).and(P::CONFIRM).and(P::LOG), ["why", "why", "Explain the person under the cursor, or whom the line of a log names: every gate with its evidence"]),
    row(A::Reread, &["r"], P::PEOPLE.and(P::CHANGES).and(P::STOCK).and(P::WHY), ["re-read", "re-read", "Read this person again from the tenant, now"]),
    row(A::Edit, &["e"], P::PEOPLE.and(P::WHY).and(P::CHANGES).and(P::REVIEW), ["edit", "edit", "Edit name, e-mail, number, kind, country, association; with marks: numbers from a range, kind, country of all marked (in Add users: adds them with these)"]),
    row(A::Add, &["a"], P::CANDIDATES.and(P::WHY), ["add", "add", "Add the marked, or the person under the cursor"]),
    row(A::Choose, &["1", "2", "3", "4", "5", "6", "7", "8", "9"], P::WHY, ["choose", "choose", "Take the way with this number: repair, print the PowerShell, copy the page"]),
    row(A::MoveNumber, &["m"], P::PEOPLE.and(P::NUMBERS).and(P::WHY), ["move", "move-number", "Move this number to somebody else, as one change"]),
    row(A::AddByHand, &["A"], P::USERS, ["add by hand", "add-by-hand", "Add a user by hand"]),
    row(A::Remove, &["d"], P::USERS, ["remove", "remove", "Remove the user here; asks whether the number is released; with marks: all marked, whose numbers stay in the tenant"]),
    row(A::Undo, &["u"], P::USERS.and(P::CHANGES), ["undo", "undo", "Drop a queued change (with marks: all marked, or none), or queue the opposite of one that was written"]),
    row(A::Mark, &["Space"], P::PEOPLE.and(P::STOCK).and(P::SYNC).and(P::CHANGES).and(P::EARLIER).and(P::COLUMNS), ["mark", "mark", "Mark the person (in Sync: the run; in Changes: what is queued; in Licences and Numbers: the row, to be copied), or take the mark away; among the columns: show or hide one"]),
    row(A::MarkAll, &["*"], P::PEOPLE.and(P::STOCK).and(P::CHANGES).and(P::EARLIER), ["mark all", "mark-all", "Mark all that are shown, or take their marks away"]),
    row(A::Filter, &["/"], P::PANES.and(P::LOG), ["filter", "filter", "Filter (in a log: search): words that must be there, !word that must not, country:gb in one column (Tab completes), re:pattern; digits whatever the spacing"]),
    row(A::NextHit, &["n"], P::LOGS, ["next hit", "next-hit", "Next hit of the search in the log"]),
    row(A::PreviousHit, &["N"], P::LOGS, ["previous hit", "previous-hit", "Hit before in the log"]),
    row(A::NextWarning, &["!"], P::LOGS.and(P::REVIEW), ["next warning", "next-warning", "Next warning or error in the log; next bad row of a review"]),
    row(A::Compare, &["="], P::SYNC, ["compare", "compare", "Compare the two marked runs, or the run under the cursor with the one before"]),
    row(A::Everyone, &["f"], P::PANES, ["everyone", "everyone", "Add users: switch between candidates and everyone in the tenant"]),
    row(A::Sort, &["o"], P::PEOPLE.and(P::STOCK), ["sort", "sort", "Sort by the next column"]),
    row(A::Reverse, &["R"], P::PEOPLE.and(P::STOCK), ["reverse", "reverse", "Turn the order of the rows round; order and direction are remembered for this tenant"]),
    row(A::MarkRange, &["V"], P::PEOPLE.and(P::STOCK), ["mark to here", "mark-range", "Mark all rows from the one that was marked last to this one"]),
    row(A::MarkDown, &["Shift-Down"], P::PEOPLE.and(P::STOCK), ["mark down", "mark-down", "Mark this row and the one below, where the terminal sends Shift with an arrow (V does it everywhere)"]),
    row(A::MarkUp, &["Shift-Up"], P::PEOPLE.and(P::STOCK), ["mark up", "mark-up", "Mark this row and the one above, where the terminal sends Shift with an arrow"]),
    row(A::CopyJson, &["J"], P::PEOPLE.and(P::STOCK), ["copy JSON", "copy-json", "Copy the marked rows, or the row, as JSON"]),
    row(A::CopyCell, &["C"], P::PEOPLE.and(P::NUMBERS).and(P::LOGS), ["copy cell", "copy-cell", "Copy one cell of the row: that of the column by which the rows are sorted (in a log: the line under the cursor)"]),
    row(A::Columns, &["K"], P::PEOPLE.and(P::NUMBERS), ["columns", "columns", "Choose the columns of the pane and their widths; remembered for this tenant"]),
    row(A::Wider, &["Right", "+"], P::COLUMNS, ["wider", "wider", "Make the column wider"]),
    row(A::Narrower, &["Left", "-"], P::COLUMNS, ["narrower", "narrower", "Make the column narrower"]),
    row(A::Jump, &["n"], P::PEOPLE.and(P::STOCK), ["jump", "jump", "From a person to the number in 6, and from a number to its user"]),
    row(A::Copy, &["y"], P::PANES.and(P::READ).and(P::PLAN).and(P::REVIEW).and(P::SIGN_IN), ["copy", "copy", "Copy the row (with marks: all marked, in columns), the text or the sign-in code to the terminal's clipboard"]),
    row(A::CopyTable, &["Y"], P::WHY, ["table", "copy-table", "Why: copy every gate and fact, for the ticket (y copies the words for the customer)"]),
    row(A::AllowWriting, &["W"], P::PANES.and(P::PLAN), ["allow writing", "allow-writing", "Allow writing to this tenant until the console ends"]),
    row(A::SignIn, &["L"], P::PANES.and(P::SIGN_IN), ["sign in", "sign-in", "Sign in to this tenant, or begin a sign-in anew"]),
    row(A::OtherWay, &["b"], P::SIGN_IN, ["other way", "sign-in-otherwise", "Sign in by the other way: browser instead of code, code instead of browser"]),
    row(A::SignOut, &[], P::PANES, ["sign out", "sign-out", "Sign out: forget this tenant's sign-in; what was read stays"]),
    row(A::CopyAddress, &["Y"], P::SIGN_IN, ["copy address", "copy-address", "Copy the address of the sign-in to the terminal's clipboard"]),
    row(A::Tenants, &["t"], P::PANES.and(P::PLAN), ["tenants", "tenants", "All tenants at a glance; Enter opens another in this terminal"]),
    row(A::AddTenant, &["Ctrl-N"], P::PANES.and(P::CHOICE), ["add a tenant", "add-tenant", "Add a tenant to the configuration, then sign in to it; nothing that is there is overwritten"]),
    row(A::EditTenant, &["Ctrl-E"], P::CHOICE, ["edit it", "edit-tenant", "In the list of tenants: change the name it is shown with, its address, its sign-in and whether it begins read-only"]),
    row(A::RemoveTenant, &["Ctrl-X"], P::CHOICE, ["remove it", "remove-tenant", "In the list of tenants: take it out of the configuration; asks first, and keeps its files"]),
    row(A::Settings, &["T"], P::PANES, ["settings", "settings", "Tenant settings: seats, end date, group, sync or manual"]),
    row(A::ClearGroup, &[], P::PANES.and(P::WHY), ["clear group", "clear-group", "Clear the group filter: the next sync looks at everyone"]),
    row(A::DisableSync, &[], P::PANES, ["disable sync", "disable-sync", "Disable sync: take the pin off this tenant, so that another can be signed in to; all data stays"]),
    row(A::Earlier, &["E"], P::PANES, ["tenant before", "tenant-before", "What is left of the tenant that was pinned before: who its users are here, their numbers, and changes set aside"]),
    row(A::QueueEarlier, &["Enter"], P::EARLIER, ["take over", "queue-old-numbers", "Take over the marked matches, or queue the marked numbers, of the tenant before"]),
    row(A::MoveSeat, &["M"], P::USERS, ["move a seat", "move-seat", "Give this user, who has no seat, the seat of another"]),
    row(A::Import, &["I"], P::PANES, ["import", "import", "Import users from a file or from pasted cells: a verdict per row before anything happens"]),
    row(A::QueueAll, &["A"], P::REVIEW, ["queue all", "queue-all", "Queue all that the review shows, or nothing"]),
    row(A::QueueGood, &["P"], P::REVIEW, ["queue the good", "queue-good", "Queue what can go in and leave the others out; asks first, and lists them"]),
    row(A::SaveLeftOut, &["O"], P::PANES.and(P::CONFIRM), ["save these", "save-left-out", "Save the rows that an import leaves out as a file, with the reason of each"]),
    row(A::OnlyBad, &["f"], P::REVIEW, ["bad only", "bad-only", "List only the rows of an import that cannot go in, or all again"]),
    row(A::TakeAll, &["T"], P::REVIEW, ["take all", "take-proposals", "Take what is proposed for every row of an import; asks first"]),
    row(A::OtherMode, &["m"], P::REVIEW, ["other kind", "other-mode", "Judge the rows of an import as new users, as changes of users, or each as what it is"]),
    row(A::TrustZeros, &["Z"], P::REVIEW, ["believe zeros", "believe-zeros", "Believe numbers that end in many zeros, or doubt them again"]),
    row(A::Export, &["X"], P::PANES.and(P::LOG), ["export", "export", "Export what the pane shows to a file, for a program or for a spreadsheet; a log also as plain text"]),
    row(A::ShowUsers, &["1"], P::PANES, ["users", "users", "Pane 1: configured users"]),
    row(A::ShowCandidates, &["2"], P::PANES, ["add users", "add-users", "Pane 2: who may be added"]),
    row(A::ShowSync, &["3"], P::PANES, ["log", "sync-log", "Pane 3: the log of the run and the history"]),
    row(A::Handover, &["H"], P::PANES, ["handover", "handover", "What was done in the last 8 hours: from here, by others in the tenant, and what is open"]),
    row(A::ShowChanges, &["4"], P::PANES, ["changes", "changes", "Pane 4: queued changes and the audit"]),
    row(A::ShowLicences, &["5"], P::PANES, ["licences", "licences", "Pane 5: Microsoft licences: bought, used, free; Enter shows who has one and its plans"]),
    row(A::ShowNumbers, &["6"], P::PANES, ["numbers", "numbers", "Pane 6: the tenant's numbers; the filter knows free, phantom (assigned to nobody), blocked, duplicate, pending"]),
    row(A::NextPane, &["Tab", "l", "Right"], P::PANES, ["next pane", "next-pane", "Next pane"]),
    row(A::PreviousPane, &["BackTab", "h", "Left"], P::PANES, ["previous pane", "previous-pane", "Previous pane"]),
    row(A::Down, &["j", "Down"], P::MOVES, ["down", "down", "Down"]),
    row(A::Up, &["k", "Up"], P::MOVES, ["up", "up", "Up"]),
    row(A::PageDown, &["PageDown", "Ctrl-F"], P::MOVES, ["page down", "page-down", "Page down (in Sync: of the log)"]),
    row(A::PageUp, &["PageUp", "Ctrl-U"], P::MOVES, ["page up", "page-up", "Page up (in Sync: of the log)"]),
    row(A::First, &["g", "Home"], P::MOVES, ["first", "first", "First row (in Sync: start of the log)"]),
    row(A::Last, &["G", "End"], P::MOVES, ["last", "last", "Last row (in Sync: end of the log, which is then followed)"]),
    row(A::LogUp, &["K"], P::SYNC, ["log up", "log-up", "Cursor of the log up by a line: the log stands still, and Enter explains whom the line names"]),
    row(A::LogDown, &["J"], P::SYNC, ["log down", "log-down", "Cursor of the log down by a line; past the last line the end is followed"]),
    row(A::Levels, &["v"], P::LOGS, ["levels", "levels", "Levels of the log: all, info and up, warnings and up"]),
    row(A::KeepMine, &["m"], P::CONFLICT, ["keep mine", "keep-mine", "Keep what was entered here: it stays queued, over the value that the tenant has now"]),
    row(A::TakeTheirs, &["t"], P::CONFLICT, ["take theirs", "take-theirs", "Take what the tenant has; the queued change is dropped"]),
    row(A::Save, &["Enter"], P::FORM, ["save", "save", "Save the form"]),
    row(A::NextField, &["Tab", "Down"], P::FORM, ["next", "next-field", "Next field"]),
    row(A::PreviousField, &["BackTab", "Up"], P::FORM, ["previous field", "previous-field", "Previous field"]),
    row(A::TakeProposal, &["Ctrl-T"], P::FORM.and(P::REVIEW), ["take proposal", "take-proposal", "Take what the field, or the row of a review, proposes"]),
    row(A::FreeNumbers, &["Ctrl-F"], P::FORM, ["free numbers", "free-numbers", "In the form of a user, or of a row of an import: choose among the tenant's free numbers, those of the country first"]),
    row(A::Yes, &["y"], P::CONFIRM, ["yes", "yes", "Yes"]),
    row(A::No, &["n"], P::CONFIRM, ["no", "no", "No"]),
    row(A::Palette, &["?", ":", "F1"], P::PANES.and(P::READ).and(P::PLAN).and(P::CONFLICT).and(P::EARLIER).and(P::REVIEW), ["all keys", "actions", "This list: type to search, Enter runs; why TEXT explains anyone"]),
    row(A::FormKeys, &["Ctrl-L", "F1"], P::FORM, ["keys", "form-actions", "This list in a form, where ? and : are text"]),
    row(A::Mouse, &["Ctrl-O"], P::MOVES, ["mouse", "mouse", "Mouse on or off: off, text on the screen can be selected"]),
    row(A::Suspend, &["Ctrl-Z"], P::MOVES, ["shell", "shell", "Stop here and show the shell; fg comes back. A run waits meanwhile"]),
    row(A::Leave, &["Esc"], P::ALL, ["back", "back", "Leave one level: filter, form, question"]),
    row(A::Quit, &["q"], P::PANES, ["quit", "quit", "Quit"]),
];

impl Action {
    /// Its row of the table.
    pub fn binding(self) -> &'static Binding {
        TABLE
            .iter()
            .find(|row| row.action == self)
            .expect("a test asserts that every action has a row")
    }
}

/// Actions that never ask a question: one of their keys may be the one that says yes.
#[rustfmt::skip]
const HARMLESS: &[Action] = &[
    A::Why, A::Reread, A::Mark, A::MarkAll, A::Filter, A::NextHit, A::PreviousHit, A::NextWarning, A::Compare, A::Handover, A::Everyone,
    A::Sort, A::Jump, A::Copy, A::CopyAddress, A::CopyTable, A::CopyJson, A::CopyCell, A::Reverse, A::MarkRange, A::MarkDown, A::MarkUp, A::Tenants, A::ShowUsers, A::ShowCandidates, A::ShowSync, A::ShowChanges,
    A::ShowLicences, A::ShowNumbers, A::NextPane, A::PreviousPane, A::Down, A::Up, A::PageDown, A::PageUp, A::First, A::Last,
    A::LogUp, A::LogDown, A::Levels, A::Columns, A::Wider, A::Narrower, A::Palette, A::FormKeys, A::Mouse, A::Suspend,
];

impl Places {
    /// Whether text is typed in any of these places, so that plain characters are never commands there.
    pub fn takes_text(self) -> bool {
        self.meets(Self::LINES)
    }
}

impl Action {
    /// Whether it may ask a question, so that its key must not be the one that says yes.
    pub fn may_ask(self) -> bool {
        !HARMLESS.contains(&self)
    }

    /// Whether it writes, queues or decides what was shown: a question's yes, or the key of a plan or a preview.
    pub fn is_answer(self) -> bool {
        matches!(
            self,
            A::Yes
                | A::Apply
                | A::QueueAll
                | A::QueueGood
                | A::KeepMine
                | A::TakeTheirs
                | A::QueueEarlier
        )
    }

    /// Where it confirms what another action has opened, so that the two must not share a key.
    pub(super) fn confirms(self, opener: Action) -> Option<Place> {
        let (place, opens) = match self {
            A::Yes => (Place::Confirm, opener.may_ask()),
            A::Apply => (Place::Plan, opener == A::Plan),
            A::QueueAll | A::QueueGood => (
                Place::Review,
                matches!(opener, A::Edit | A::Remove | A::Import | A::Open | A::Save),
            ),
            A::KeepMine | A::TakeTheirs => (Place::Conflict, opener == A::Open),
            A::QueueEarlier => (Place::Earlier, opener == A::Earlier),
            _ => return None,
        };
        opens.then_some(place)
    }
}

/// Whether keys are text in a place.
pub fn takes_text(place: Place) -> bool {
    Places::LINES.has(place)
}

/// Keys, name and help of every action, for help and README.
pub fn action_table() -> impl Iterator<Item = (String, &'static str, &'static str)> {
    TABLE
        .iter()
        .map(|row| (row.keys.join(" "), row.name, row.help))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_means_two_things_in_one_place() {
        for (n, a) in TABLE.iter().enumerate() {
            for b in &TABLE[n + 1..] {
                assert_ne!(a.action, b.action);
                assert_ne!(a.name, b.name);
                for key in a.keys {
                    assert!(
                        !(b.keys.contains(key) && a.places.meets(b.places)),
                        "{key} is both {} and {}",
                        a.name,
                        b.name
                    );
                }
            }
        }
    }
}
