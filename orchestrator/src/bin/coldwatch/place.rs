//! Where the history is: a table of an AWS account, or the local cloud's folder.

use std::collections::BTreeSet;

use clap::Args;
use coldwatch::arn::region;
use coldwatch::aws::{Aws, Connection, Proxy};
use coldwatch::record::series::SeriesEntry;

use crate::exit::Failure;
use crate::standin::Standin;

/// Where the history is.
#[derive(Debug, Clone, Args)]
pub struct Place {
    /// Use the local cloud instead of an AWS account
    #[arg(long)]
    pub local: bool,
    /// Folder in which the local cloud keeps functions and history
    #[arg(long, value_name = "DIR", default_value = ".coldwatch", requires = "local")]
    pub state: std::path::PathBuf,
    /// DynamoDB table of the history
    #[arg(long, env = "COLDWATCH_TABLE", default_value = "coldwatch", value_parser = table_name)]
    pub table: String,
}

impl Place {
    /// Where the history is, in words: table and regions, or the local cloud's folder.
    pub fn name(&self, series: &[SeriesEntry]) -> String {
        if self.local {
            return format!("local cloud in {}, table {}", self.state.display(), self.table);
        }
        let regions: BTreeSet<&str> = series.iter().filter_map(|entry| region(&entry.function)).collect();
        let regions: Vec<&str> = regions.into_iter().collect();
        format!(
            "table {}, {}",
            self.table,
            if regions.is_empty() { "no region".to_owned() } else { regions.join(", ") }
        )
    }

    /// Clients for this place. With `--local` they use the local cloud that already serves the folder; otherwise one is
    /// started, and lives as long as the second value.
    pub async fn open(&self) -> Result<(Aws, Option<Standin>), Failure> {
        if !self.local {
            let proxy = Proxy::find(|name| std::env::var(name).ok());
            let connection = Connection { proxy, table: self.table.clone(), ..Connection::default() };
            return Ok((Aws::connect(connection).await?, None));
        }
        let standin = Standin::join_or_start(&self.state).await?;
        let aws = standin.connect(&self.table).await?;
        Ok((aws, Some(standin)))
    }
}

/// A name as DynamoDB allows it (developer guide, "Naming rules and data types").
fn table_name(text: &str) -> Result<String, String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if (3..=255).contains(&text.len()) && text.chars().all(allowed) {
        return Ok(text.to_owned());
    }
    Err("a table's name has 3 to 255 letters, digits, `_`, `-` and `.`".to_owned())
}
