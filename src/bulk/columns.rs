//! The columns of the two sets, and the headers by which they are known, in any order.

use std::fmt;

/// Which template a sheet follows: its own columns tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Set {
    /// `SIPUsername,Name,Email,PhoneNumber,AuthUsername,Password,ExternalId`: create or update.
    Pbx,
    /// `TrunkNumber,Name,Email,Caller ID,ExternalId`: update only.
    Trunk,
}

impl Set {
    /// Its columns that are kept, in the order of the template.
    pub fn columns(self) -> &'static [Column] {
        match self {
            Self::Pbx => &[
                Column::SipUsername,
                Column::Name,
                Column::Email,
                Column::PhoneNumber,
                Column::AuthUsername,
                Column::ExternalId,
            ],
            Self::Trunk => &[
                Column::TrunkNumber,
                Column::Name,
                Column::Email,
                Column::CallerId,
                Column::ExternalId,
            ],
        }
    }

    /// The column of the number.
    pub fn number(self) -> Column {
        match self {
            Self::Pbx => Column::PhoneNumber,
            Self::Trunk => Column::TrunkNumber,
        }
    }
}

/// A column whose cells are kept. The password's are not, so it is none of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Column {
    /// SIP user name: an identifier.
    SipUsername,
    /// Name.
    Name,
    /// E-mail: equal to the one in Teams.
    Email,
    /// The number of a PBX user.
    PhoneNumber,
    /// Looked at for damage only; this side has no use for it.
    AuthUsername,
    /// A unique id of the customer's own.
    ExternalId,
    /// The number of a trunk user, by which the row is found.
    TrunkNumber,
    /// The number that is shown to the called party: checked, not kept.
    CallerId,
}

impl Column {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::SipUsername,
        Self::Name,
        Self::Email,
        Self::PhoneNumber,
        Self::AuthUsername,
        Self::ExternalId,
        Self::TrunkNumber,
        Self::CallerId,
    ];

    /// The header in the template.
    pub fn header(self) -> &'static str {
        match self {
            Self::SipUsername => "SIPUsername",
            Self::Name => "Name",
            Self::Email => "Email",
            Self::PhoneNumber => "PhoneNumber",
            Self::AuthUsername => "AuthUsername",
            Self::ExternalId => "ExternalId",
            Self::TrunkNumber => "TrunkNumber",
            Self::CallerId => "Caller ID",
        }
    }

    /// Whether its cells are only looked at: the sign-in to a telephone system and the caller ID of a trunk are kept where
    /// calls are made, and Teams has no field for either.
    pub fn is_only_checked(self) -> bool {
        matches!(self, Self::AuthUsername | Self::CallerId)
    }

    /// Whether its cells are telephone numbers.
    pub fn is_number(self) -> bool {
        matches!(self, Self::PhoneNumber | Self::TrunkNumber | Self::CallerId)
    }

    pub(super) fn place(self) -> usize {
        self as usize
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.header())
    }
}

/// What a header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Header {
    /// A column that is kept.
    Kept(Column),
    /// The password: its cells are stepped over.
    Password,
    /// One of our own export that says nothing to an import.
    Informative,
    /// What a row was imported as: of the rows that an import of both kinds has left out.
    ImportAs,
    /// One of our own export, as it is called there, that looks as if it could be changed there: it is said that it is not read.
    Unread(&'static str),
}

/// Other names that spreadsheets and rival systems use, in small letters and without separators.
const ALIASES: &[(&str, Header)] = &[
    ("sipusername", Header::Kept(Column::SipUsername)),
    ("sipuser", Header::Kept(Column::SipUsername)),
    ("sipuserid", Header::Kept(Column::SipUsername)),
    ("sipid", Header::Kept(Column::SipUsername)),
    ("username", Header::Kept(Column::SipUsername)),
    ("name", Header::Kept(Column::Name)),
    ("displayname", Header::Kept(Column::Name)),
    ("fullname", Header::Kept(Column::Name)),
    ("nom", Header::Kept(Column::Name)),
    ("nombre", Header::Kept(Column::Name)),
    ("email", Header::Kept(Column::Email)),
    ("emailaddress", Header::Kept(Column::Email)),
    ("mail", Header::Kept(Column::Email)),
    ("mailaddress", Header::Kept(Column::Email)),
    ("teamsemail", Header::Kept(Column::Email)),
    ("teamsuserid", Header::Kept(Column::Email)),
    ("emailadresse", Header::Kept(Column::Email)),
    ("adressemail", Header::Kept(Column::Email)),
    ("correo", Header::Kept(Column::Email)),
    ("phonenumber", Header::Kept(Column::PhoneNumber)),
    ("phone", Header::Kept(Column::PhoneNumber)),
    ("number", Header::Kept(Column::PhoneNumber)),
    ("telephone", Header::Kept(Column::PhoneNumber)),
    ("telephonenumber", Header::Kept(Column::PhoneNumber)),
    ("ddi", Header::Kept(Column::PhoneNumber)),
    ("did", Header::Kept(Column::PhoneNumber)),
    ("e164", Header::Kept(Column::PhoneNumber)),
    ("telefonnummer", Header::Kept(Column::PhoneNumber)),
    ("rufnummer", Header::Kept(Column::PhoneNumber)),
    ("telefon", Header::Kept(Column::PhoneNumber)),
    ("téléphone", Header::Kept(Column::PhoneNumber)),
    ("numéro", Header::Kept(Column::PhoneNumber)),
    ("teléfono", Header::Kept(Column::PhoneNumber)),
    ("authusername", Header::Kept(Column::AuthUsername)),
    ("authuser", Header::Kept(Column::AuthUsername)),
    ("authname", Header::Kept(Column::AuthUsername)),
    ("authid", Header::Kept(Column::AuthUsername)),
    ("sipauthenticationid", Header::Kept(Column::AuthUsername)),
    ("externalid", Header::Kept(Column::ExternalId)),
    ("extid", Header::Kept(Column::ExternalId)),
    ("externalref", Header::Kept(Column::ExternalId)),
    ("externalreference", Header::Kept(Column::ExternalId)),
    ("trunknumber", Header::Kept(Column::TrunkNumber)),
    ("trunk", Header::Kept(Column::TrunkNumber)),
    ("trunkno", Header::Kept(Column::TrunkNumber)),
    ("callerid", Header::Kept(Column::CallerId)),
    ("callingid", Header::Kept(Column::CallerId)),
    ("cli", Header::Kept(Column::CallerId)),
    ("password", Header::Password),
    ("sippassword", Header::Password),
    ("secret", Header::Password),
    ("passwort", Header::Password),
    ("kennwort", Header::Password),
    ("motdepasse", Header::Password),
    ("contraseña", Header::Password),
    ("country", Header::Unread("Country")),
    ("numberkind", Header::Unread("NumberKind")),
    ("licensestatus", Header::Informative),
    ("cause", Header::Informative),
    ("signinname", Header::Informative),
    ("numberintenant", Header::Informative),
    ("kind", Header::Informative),
    ("warnings", Header::Informative),
    ("row", Header::Informative),
    ("reason", Header::Informative),
    ("id", Header::Informative),
    ("importas", Header::ImportAs),
];

/// What this header says, in any case of letters and with any separators; `None` for one that is not known.
pub(super) fn header(text: &str) -> Option<Header> {
    let plain: String = text
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    // Any further column of passwords is one, whatever else its name says: no password may be kept as a name or an id.
    if plain.contains("password") {
        return Some(Header::Password);
    }
    ALIASES
        .iter()
        .find(|(alias, _)| *alias == plain)
        .map(|(_, header)| *header)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_in_any_dress() {
        for (text, wanted) in [
            ("SIPUsername", Header::Kept(Column::SipUsername)),
            ("sip_username", Header::Kept(Column::SipUsername)),
            ("E-Mail", Header::Kept(Column::Email)),
            ("Caller ID", Header::Kept(Column::CallerId)),
            ("TÉLÉPHONE", Header::Kept(Column::PhoneNumber)),
            ("Phone number", Header::Kept(Column::PhoneNumber)),
            ("SIP password (new)", Header::Password),
        ] {
            assert_eq!(header(text), Some(wanted), "{text}");
        }
        assert_eq!(header("Department"), None);
        for (n, column) in Column::ALL.into_iter().enumerate() {
            assert_eq!(column.place(), n);
            assert_eq!(header(column.header()), Some(Header::Kept(column)));
        }
    }
}
