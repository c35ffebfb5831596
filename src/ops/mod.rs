//! Use cases over domain and store that console and command line share.
