//! A file system that a program stands behind, really mounted: the kernel asks this process, which keeps everything in memory. It
//! knows what files need, and nothing else.

use std::collections::{BTreeMap, HashMap};
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::path::Path;
use std::thread::JoinHandle;

use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use tempfile::TempDir;

/// What a request is about: the numbers of the kernel's protocol.
mod op {
    pub(super) const LOOKUP: u32 = 1;
    pub(super) const FORGET: u32 = 2;
    pub(super) const GETATTR: u32 = 3;
    pub(super) const SETATTR: u32 = 4;
    pub(super) const MKDIR: u32 = 9;
    pub(super) const UNLINK: u32 = 10;
    pub(super) const RMDIR: u32 = 11;
    pub(super) const RENAME: u32 = 12;
    pub(super) const OPEN: u32 = 14;
    pub(super) const READ: u32 = 15;
    pub(super) const WRITE: u32 = 16;
    pub(super) const STATFS: u32 = 17;
    pub(super) const RELEASE: u32 = 18;
    pub(super) const FSYNC: u32 = 20;
    pub(super) const FLUSH: u32 = 25;
    pub(super) const INIT: u32 = 26;
    pub(super) const OPENDIR: u32 = 27;
    pub(super) const READDIR: u32 = 28;
    pub(super) const RELEASEDIR: u32 = 29;
    pub(super) const FSYNCDIR: u32 = 30;
    pub(super) const CREATE: u32 = 35;
    pub(super) const INTERRUPT: u32 = 36;
    pub(super) const BATCH_FORGET: u32 = 42;
    pub(super) const RENAME2: u32 = 45;
}

/// The most that the kernel sends in a write.
const MOST: u32 = 64 * 1024;

const FOLDER: u32 = 0o040_000;
const ROOT: u64 = 1;

/// A file, or a folder with those in it.
#[derive(Default)]
struct Node {
    mode: u32,
    owner: (u32, u32),
    bytes: Vec<u8>,
    inside: BTreeMap<String, u64>,
}

/// A request: what stands in its head, and the rest.
struct Request<'a> {
    node: u64,
    owner: (u32, u32),
    body: &'a [u8],
}

impl Request<'_> {
    fn u32(&self, at: usize) -> u32 {
        u32::from_ne_bytes(self.body[at..at + 4].try_into().unwrap())
    }

    fn u64(&self, at: usize) -> u64 {
        u64::from_ne_bytes(self.body[at..at + 8].try_into().unwrap())
    }

    fn usize(&self, at: usize) -> usize {
        usize::try_from(self.u64(at)).unwrap()
    }

    /// The names from there on, each with a zero behind it.
    fn names(&self, at: usize) -> Vec<String> {
        let names = self.body[at..].split(|byte| *byte == 0);
        names
            .map(|name| String::from_utf8_lossy(name).into_owned())
            .collect()
    }
}

type Reply = Result<Vec<u8>, Errno>;

struct Tree {
    nodes: HashMap<u64, Node>,
    last: u64,
}

fn join(numbers: &[&[u8]]) -> Vec<u8> {
    numbers.concat()
}

impl Tree {
    fn new(owner: (u32, u32)) -> Self {
        let root = Node {
            mode: FOLDER | 0o700,
            owner,
            ..Node::default()
        };
        Self {
            nodes: HashMap::from([(ROOT, root)]),
            last: ROOT,
        }
    }

    fn node(&mut self, id: u64) -> Result<&mut Node, Errno> {
        self.nodes.get_mut(&id).ok_or(Errno::ENOENT)
    }

    fn find(&mut self, folder: u64, name: &str) -> Result<u64, Errno> {
        let inside = &self.node(folder)?.inside;
        inside.get(name).copied().ok_or(Errno::ENOENT)
    }

    /// `fuse_attr`.
    fn attributes(&mut self, id: u64) -> Reply {
        let node = self.node(id)?;
        let size = node.bytes.len() as u64;
        let wide = [id, size, size.div_ceil(512), 0, 0, 0];
        let links = 1;
        let narrow = [
            0,
            0,
            0,
            node.mode,
            links,
            node.owner.0,
            node.owner.1,
            0,
            4096,
            0,
        ];
        let mut out: Vec<u8> = wide.iter().flat_map(|n| n.to_ne_bytes()).collect();
        out.extend(narrow.iter().flat_map(|n: &u32| n.to_ne_bytes()));
        Ok(out)
    }

    /// `fuse_attr_out`: nothing of it may be remembered.
    fn told(&mut self, id: u64) -> Reply {
        Ok(join(&[&[0; 16], &self.attributes(id)?]))
    }

    /// `fuse_entry_out`.
    fn entry(&mut self, id: u64) -> Reply {
        Ok(join(&[&id.to_ne_bytes(), &[0; 32], &self.attributes(id)?]))
    }

    fn make(&mut self, of: &Request<'_>, mode: u32, name: &str) -> Result<u64, Errno> {
        self.last += 1;
        let id = self.last;
        let node = Node {
            mode,
            owner: of.owner,
            ..Node::default()
        };
        self.nodes.insert(id, node);
        self.node(of.node)?.inside.insert(name.to_owned(), id);
        Ok(id)
    }

    fn set(&mut self, of: &Request<'_>) -> Reply {
        let valid = of.u32(0);
        let (size, mode) = (of.usize(16), of.u32(68));
        let node = self.node(of.node)?;
        if valid & 1 != 0 {
            node.mode = mode;
        }
        if valid & 8 != 0 {
            node.bytes.resize(size, 0);
        }
        self.told(of.node)
    }

    fn rename(&mut self, of: &Request<'_>, at: usize) -> Reply {
        let (names, to) = (of.names(at), of.u64(0));
        let id = self.find(of.node, &names[0])?;
        self.node(of.node)?.inside.remove(&names[0]);
        self.node(to)?.inside.insert(names[1].clone(), id);
        Ok(Vec::new())
    }

    fn write(&mut self, of: &Request<'_>) -> Reply {
        let (from, count) = (of.usize(8), of.u32(16));
        let new = &of.body[40..];
        let bytes = &mut self.node(of.node)?.bytes;
        let end = from + new.len();
        if bytes.len() < end {
            bytes.resize(end, 0);
        }
        bytes[from..end].copy_from_slice(new);
        Ok(join(&[&count.to_ne_bytes(), &[0; 4]]))
    }

    fn read(&mut self, of: &Request<'_>) -> Reply {
        let (from, count) = (of.usize(8), of.u32(16) as usize);
        let bytes = &self.node(of.node)?.bytes;
        let from = from.min(bytes.len());
        Ok(bytes[from..bytes.len().min(from + count)].to_vec())
    }

    fn list(&mut self, of: &Request<'_>) -> Reply {
        let (from, room) = (of.usize(8), of.u32(16) as usize);
        let mut out = Vec::new();
        for (n, (name, id)) in self.node(of.node)?.inside.iter().enumerate().skip(from) {
            let next = n as u64 + 1;
            let length = u32::try_from(name.len()).unwrap();
            let head = [id.to_ne_bytes(), next.to_ne_bytes()].concat();
            let mut one = join(&[&head, &length.to_ne_bytes(), &[0; 4], name.as_bytes()]);
            one.resize(one.len().next_multiple_of(8), 0);
            if out.len() + one.len() > room {
                break;
            }
            out.extend(one);
        }
        Ok(out)
    }

    /// `None` where the kernel wants no answer.
    fn answer(&mut self, code: u32, of: &Request<'_>) -> Option<Reply> {
        Some(match code {
            op::FORGET | op::BATCH_FORGET | op::INTERRUPT => return None,
            op::INIT => {
                let (major, minor, ahead, flags) = (7_u32, 31_u32, of.u32(8), 0_u32);
                let mut out: Vec<u8> = [major, minor, ahead, flags, 0, MOST, 1]
                    .iter()
                    .flat_map(|n| n.to_ne_bytes())
                    .collect();
                out.resize(64, 0);
                Ok(out)
            }
            op::LOOKUP => {
                let found = self.find(of.node, &of.names(0)[0]);
                found.and_then(|id| self.entry(id))
            }
            op::GETATTR => self.told(of.node),
            op::SETATTR => self.set(of),
            op::MKDIR => {
                let made = self.make(of, FOLDER | of.u32(0), &of.names(8)[0]);
                made.and_then(|id| self.entry(id))
            }
            op::CREATE => {
                let made = self.make(of, of.u32(4), &of.names(16)[0]);
                let entry = made.and_then(|id| self.entry(id));
                entry.map(|entry| join(&[&entry, &[0; 16]]))
            }
            op::UNLINK | op::RMDIR => {
                let name = &of.names(0)[0];
                let found = self.find(of.node, name);
                found.and_then(|_| {
                    self.node(of.node)?.inside.remove(name);
                    Ok(Vec::new())
                })
            }
            op::RENAME => self.rename(of, 8),
            op::RENAME2 => self.rename(of, 16),
            op::OPEN | op::OPENDIR => Ok(vec![0; 16]),
            op::READ => self.read(of),
            op::WRITE => self.write(of),
            op::READDIR => self.list(of),
            op::STATFS => {
                let many = [1_u64 << 20; 5];
                let mut out: Vec<u8> = many.iter().flat_map(|n| n.to_ne_bytes()).collect();
                out.extend([4096_u32, 255, 4096].iter().flat_map(|n| n.to_ne_bytes()));
                out.resize(80, 0);
                Ok(out)
            }
            op::RELEASE | op::RELEASEDIR | op::FSYNC | op::FSYNCDIR | op::FLUSH => Ok(Vec::new()),
            _ => Err(Errno::ENOSYS),
        })
    }
}

fn serve(mut device: File, mut tree: Tree) {
    let mut buffer = vec![0; MOST as usize + 8192];
    // When it is unmounted, there is nothing to read any more.
    while let Ok(read) = device.read(&mut buffer) {
        let head = |at: usize| u32::from_ne_bytes(buffer[at..at + 4].try_into().unwrap());
        let request = Request {
            node: u64::from_ne_bytes(buffer[16..24].try_into().unwrap()),
            owner: (head(24), head(28)),
            body: &buffer[40..read],
        };
        let Some(reply) = tree.answer(head(4), &request) else {
            continue;
        };
        let (error, body) = match reply {
            Ok(body) => (0, body),
            Err(errno) => (-(errno as i32), Vec::new()),
        };
        let length = u32::try_from(16 + body.len()).unwrap();
        let out = join(&[
            &length.to_ne_bytes(),
            &error.to_ne_bytes(),
            &buffer[8..16],
            &body,
        ]);
        // Who asked may have been killed meanwhile.
        drop(device.write_all(&out));
    }
}

/// A folder on it, until it is dropped.
pub(crate) struct Mounted {
    folder: TempDir,
    server: Option<JoinHandle<()>>,
}

impl Mounted {
    /// `None` where nothing may be mounted: it takes root, and a kernel that knows it.
    pub(crate) fn new() -> Option<Self> {
        let device = OpenOptions::new()
            .read(true)
            .write(true)
            .open("/dev/fuse")
            .ok()?;
        let folder = tempfile::tempdir().unwrap();
        let owner = (
            rustix::process::getuid().as_raw(),
            rustix::process::getgid().as_raw(),
        );
        let options = format!(
            "fd={},rootmode=40000,user_id={},group_id={}",
            device.as_raw_fd(),
            owner.0,
            owner.1
        );
        let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
        mount(
            Some("memory"),
            folder.path(),
            Some("fuse"),
            flags,
            Some(options.as_str()),
        )
        .ok()?;
        let server = std::thread::spawn(move || serve(device, Tree::new(owner)));
        Some(Self {
            folder,
            server: Some(server),
        })
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let gone = umount2(self.folder.path(), MntFlags::MNT_DETACH);
        if let Some(server) = self.server.take().filter(|_| gone.is_ok()) {
            drop(server.join());
        }
    }
}
