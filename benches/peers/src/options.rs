//! Options of the command line.

use crate::AnyError;
use crate::clients::Peer;
use crate::workload::Workload;

pub(crate) struct Options {
    pub(crate) rounds: usize,
    /// Cores of the server and of the client.
    pub(crate) cores: (usize, usize),
    workloads: Vec<String>,
    clients: Vec<Peer>,
}

impl Options {
    pub(crate) fn parse(args: &[&str]) -> Result<Options, AnyError> {
        let mut options = Options {
            rounds: 3,
            cores: (0, 1),
            workloads: Vec::new(),
            clients: Vec::new(),
        };
        for pair in args.chunks(2) {
            let &[name, value] = pair else {
                return Err(format!("{}: no value", pair[0]).into());
            };
            let list = value.split(',');
            match name {
                "--rounds" => options.rounds = value.parse::<usize>()?.max(1),
                "--only" => {
                    for name in list {
                        options
                            .workloads
                            .push(Workload::named(name)?.name.to_owned());
                    }
                }
                "--clients" => {
                    let clients: Result<_, _> = list.map(Peer::named).collect();
                    options.clients = clients?;
                }
                "--cores" => {
                    let (server, client) = value.split_once(',').ok_or("--cores SERVER,CLIENT")?;
                    options.cores = (server.parse()?, client.parse()?);
                }
                _ => return Err(format!("{name}: not known").into()),
            }
        }
        Ok(options)
    }

    pub(crate) fn wants(&self, workload: &str) -> bool {
        self.workloads.is_empty() || self.workloads.iter().any(|name| name == workload)
    }

    pub(crate) fn peers(&self) -> impl Iterator<Item = Peer> {
        let wanted = |peer: &Peer| self.clients.is_empty() || self.clients.contains(peer);
        Peer::ALL.into_iter().filter(wanted)
    }
}
