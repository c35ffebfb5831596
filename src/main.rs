//! The program: parse, run, map the result to an exit code. Nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(teamsconnector::cli::main())
}
