//! The command-line program.

use clap::Parser;

mod parse;

#[derive(Parser)]
enum Command {
    Parse(parse::ParseArgs),
}

fn main() -> anyhow::Result<()> {
    let Command::Parse(args) = Command::parse();
    parse::parse(&args, std::io::stdin().lock(), std::io::stdout().lock())
}
