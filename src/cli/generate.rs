//! Completions for shells and the manual page: made from the definition of the command line, so that they cannot lie. Neither
//! reads a file.

use std::io;

use clap::{Arg, Command, CommandFactory as _};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::args::{Args, Completions, Shell};
use super::exit::Exit;
use super::print;

const PROGRAM: &str = env!("CARGO_PKG_NAME");

pub(super) fn completions(wish: &Completions) -> anyhow::Result<Exit> {
    print::data(complete(wish.shell).trim_end())?;
    Ok(Exit::Done)
}

pub(super) fn manual() -> anyhow::Result<Exit> {
    print::data(page()?.trim_end())?;
    Ok(Exit::Done)
}

fn complete(shell: Shell) -> String {
    let shell = match shell {
        Shell::Bash => clap_complete::Shell::Bash,
        Shell::Zsh => clap_complete::Shell::Zsh,
        Shell::Fish => clap_complete::Shell::Fish,
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), PROGRAM, &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// One page: what holds for all commands, then each command with what is its own.
fn page() -> io::Result<String> {
    let mut command = Args::command()
        .disable_help_subcommand(true)
        .subcommand_value_name("command");
    command.build();
    let man = Man::new(command.clone()).manual("teamsconnector manual");
    let mut head = Vec::new();
    man.render_title(&mut head)?;
    let mut parts = Vec::new();
    man.render_name_section(&mut parts)?;
    man.render_synopsis_section(&mut parts)?;
    man.render_description_section(&mut parts)?;
    man.render_options_section(&mut parts)?;
    let mut page = String::from_utf8_lossy(&head).into_owned();
    page.push_str(&without_preamble(&String::from_utf8_lossy(&parts)));
    let mut heading = Roff::new();
    heading.control("SH", ["COMMANDS"]);
    page.push_str(&without_preamble(&heading.render()));
    for inner in command.get_subcommands() {
        section(inner, inner.get_name(), &mut page)?;
    }
    if let Some(after) = command.get_after_help() {
        page.push_str(&notes(&after.to_string()));
    }
    Ok(page)
}

/// A command and the commands inside it. What holds for all commands stands above, once.
fn section(command: &Command, name: &str, page: &mut String) -> io::Result<()> {
    if command.is_hide_set() {
        return Ok(());
    }
    let own = command
        .clone()
        .subcommand_value_name("command")
        .mut_args(|argument| {
            let general = argument.is_global_set() || is_help(&argument);
            argument.hide(general)
        });
    let man = Man::new(own.clone());
    let mut parts = Vec::new();
    man.render_synopsis_section(&mut parts)?;
    let mut break_line = Roff::new();
    break_line.control("PP", []);
    parts.extend_from_slice(break_line.render().as_bytes());
    man.render_description_section(&mut parts)?;
    man.render_options_section(&mut parts)?;
    let mut heading = Roff::new();
    heading.control("SS", [name]);
    page.push_str(&without_preamble(&heading.render()));
    page.push_str(&without_headings(&String::from_utf8_lossy(&parts)));
    for inner in command.get_subcommands() {
        section(inner, &format!("{name} {}", inner.get_name()), page)?;
    }
    Ok(())
}

fn is_help(argument: &Arg) -> bool {
    matches!(argument.get_id().as_str(), "help" | "version")
}

/// First steps and exit codes, line by line as the help has them.
fn notes(after: &str) -> String {
    let mut roff = Roff::new();
    roff.control("SH", ["NOTES"]);
    for line in after.lines() {
        match line.strip_prefix("  ") {
            Some(example) => {
                roff.control("br", []);
                roff.text([bold(example.trim_end())]);
            }
            None if line.is_empty() => {
                roff.control("PP", []);
            }
            None => {
                roff.text([roman(line)]);
            }
        }
    }
    without_preamble(&roff.render())
}

/// The same without the lines that each rendered piece begins with.
fn without_preamble(piece: &str) -> String {
    without(piece, |line| {
        line.starts_with(".ie ") || line.starts_with(".el ")
    })
}

/// The same without the headings that would stand in every command.
fn without_headings(piece: &str) -> String {
    without(&without_preamble(piece), |line| {
        [".SH SYNOPSIS", ".SH DESCRIPTION", ".SH OPTIONS"].contains(&line)
    })
}

fn without(piece: &str, dropped: impl Fn(&str) -> bool) -> String {
    piece
        .lines()
        .filter(|line| !dropped(line))
        .flat_map(|line| [line, "\n"])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(command: &Command, before: &str, into: &mut Vec<String>) {
        for inner in command.get_subcommands() {
            let name = format!("{before}{}", inner.get_name());
            names(inner, &format!("{name} "), into);
            into.push(name);
        }
    }

    #[test]
    fn the_page_has_every_command_and_says_general_things_once() {
        let page = page().unwrap();
        let mut all = Vec::new();
        names(&Args::command(), "", &mut all);
        assert!(all.len() > 40, "{all:?}");
        for name in all {
            let quoted = format!(".SS \"{name}\"\n");
            assert!(
                page.contains(&quoted) || page.contains(&format!(".SS {name}\n")),
                "{name}"
            );
        }
        assert_eq!(page.matches("Print JSON").count(), 1);
        assert!(page.contains(r"\-\-disable\-calling\-plan"));
        assert!(page.contains("Exit codes: 0 done"));
        assert_eq!(page.matches(".ie ").count(), 1);
    }

    #[test]
    fn each_shell_has_its_script() {
        assert!(complete(Shell::Zsh).starts_with("#compdef teamsconnector"));
        assert!(complete(Shell::Fish).contains("complete -c teamsconnector"));
        assert!(complete(Shell::Bash).contains("_teamsconnector()"));
    }
}
