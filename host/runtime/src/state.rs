//! What the host keeps for one running instance.

use std::sync::Arc;

use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::bindings::wharf::provider::{config, log, types};
use crate::guest_log::{GuestLog, Level};
use crate::limits::Limits;
use crate::metering::{Meter, Metered};
use crate::outbound::Hooks;
use crate::settings::Settings;

/// Random bytes that one call of WASI may ask for.
const MAX_RANDOM: u64 = 64 << 10;

/// The state of one instance. Lives as long as its call.
pub(crate) struct State {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    table: ResourceTable,
    hooks: Hooks,
    meter: Meter,
    settings: Arc<Settings>,
    log: GuestLog,
}

impl State {
    /// Everything of WASI is there for the guest to link to, and nothing is granted: no files, no
    /// environment, no arguments, no sockets, no name lookup.
    pub(crate) fn new(limits: &Limits, settings: Arc<Settings>, hooks: Hooks, log: GuestLog) -> Self {
        let mut wasi = WasiCtx::builder();
        // Filling megabytes with random numbers is work of the host's that no meter of the guest's sees.
        wasi.max_random_size(MAX_RANDOM);
        wasi.stdout(log.clone()).stderr(log.clone());
        wasi.allow_tcp(false).allow_udp(false).allow_ip_name_lookup(false);
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(limits.headers);
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.handles);
        Self {
            wasi: wasi.build(),
            http,
            table,
            hooks,
            meter: Meter::new(limits),
            settings,
            log,
        }
    }
}

impl Metered for State {
    fn meter(&mut self) -> &mut Meter {
        &mut self.meter
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            hooks: &mut self.hooks,
            table: &mut self.table,
            ctx: &mut self.http,
        }
    }
}

impl types::Host for State {}

impl config::Host for State {
    fn get(&mut self, key: String) -> Option<String> {
        self.settings.get(&key).map(str::to_owned)
    }

    fn all(&mut self) -> String {
        self.settings.all().to_owned()
    }
}

impl log::Host for State {
    fn write(&mut self, level: log::Level, message: String) {
        let level = match level {
            log::Level::Trace => Level::Trace,
            log::Level::Debug => Level::Debug,
            log::Level::Info => Level::Info,
            log::Level::Warn => Level::Warn,
            log::Level::Error => Level::Error,
        };
        self.log.write(level, message);
    }
}
