//! Microsoft Graph and Entra ID over HTTP.
