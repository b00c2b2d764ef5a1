//! `wharf mock`

use super::output::print_line;
use super::serve::stop_signal;
use crate::mock::{Mock, MockArgs};

pub(super) async fn run(args: MockArgs) -> anyhow::Result<()> {
    let mock = Mock::bind(args).await?;
    print_line(&format!("mock upstream listening on http://{}", mock.local_addr()))?;
    mock.serve(stop_signal()?).await
}
