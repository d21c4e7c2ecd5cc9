//! End of a history: nothing is left in the schedule.

use super::super::*;
use super::check::assert_rate;
use super::world::World;

impl World {
    /// Checks that each request has an outcome, and that the schedule is empty at the end.
    pub(super) fn finish(mut self: &mut World) {
        for feast in &self.feasts {
            for number in &feast.works {
                assert_eq!(self.works[*number].outcomes, 1, "work {number}");
            }
        }
        assert_rate(&self.settings.rate, &self.starts);
        for server in &self.servers {
            assert_rate(&server.limits.rate, &server.starts);
        }
        let world = &mut self;
        world.now += Duration::from_secs(86_400);
        world.schedule.expire(world.now);
        assert!(world.schedule.poll(world.now).is_none());
        world.recount();
        // Idle hosts are looked at when other hosts go idle.
        let id = world.schedule.open(bounds(), None);
        for at in 0..10 {
            let other = host(&format!("other{at}"));
            world.schedule.push(id, &other, 0, world.now);
            let start = world
                .schedule
                .poll(world.now)
                .expect("nothing is in its way");
            let verdict = Verdict::Done {
                bytes: 0,
                cool: None,
                call: CallEnd::Success,
            };
            let _ = world
                .schedule
                .complete(start.id, heard(&verdict), verdict, world.now);
            world.now += Duration::from_secs(86_400);
            assert!(world.schedule.poll(world.now).is_none());
        }
        assert!(world.schedule.abandon(id, world.now).is_empty());
        // No other host goes idle after the last.
        if let Some(last) = world.schedule.hosts.by_name.get(&host("other9")).copied() {
            world.schedule.retire(last, world.now);
        }
        assert_eq!(world.schedule.is_bare(), Ok(()));
    }
}
