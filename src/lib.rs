//! Almoner: an open electronic health record portal.
