//! A tenant that answers like Entra ID and Graph.
