//! What a folder lies on, as far as it matters to a database: SQLite's write-ahead log shares memory between programs, which only a
//! disk of this machine can be trusted with.

use std::path::Path;

/// What a folder lies on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disk {
    /// The kind, where it is one that other machines write as well, or that a program stands behind.
    remote: Option<&'static str>,
}

/// The numbers of `statfs(2)` that a write-ahead log must not be kept on, and what they are called. FUSE stands for sshfs and
/// all others alike: the kernel does not tell them apart here.
const REMOTE: [(u32, &str); 24] = [
    (0x0000_6969, "NFS"),
    (0x0000_517b, "SMB"),
    (0xff53_4d42, "SMB"),
    (0xfe53_4d42, "SMB"),
    (0x6573_5546, "FUSE"),
    (0x0102_1997, "9P"),
    (0x786f_4256, "VirtualBox shared folders"),
    (0x5346_414f, "AFS"),
    (0x6b41_4653, "AFS"),
    (0x7375_7245, "Coda"),
    (0x00c3_6400, "Ceph"),
    (0x0bd0_0bd0, "Lustre"),
    (0x4750_4653, "GPFS"),
    (0x0116_1970, "GFS2"),
    (0x7461_636f, "OCFS2"),
    (0xaad7_aaea, "PanFS"),
    (0x1983_0326, "BeeGFS"),
    (0x2003_0528, "OrangeFS"),
    (0x6163_6673, "ACFS"),
    (0xbeef_dead, "StorNext"),
    (0x564c, "NCP"),
    (0xbacb_acbc, "VMware shared folders"),
    (0x7c7c_6673, "Parallels shared folders"),
    (0x5346_4846, "WSL drives"),
];

impl Disk {
    /// What this folder lies on. What cannot be asked counts as a disk of this machine, as it does to SQLite.
    #[must_use]
    pub fn of(dir: &Path) -> Self {
        #[cfg(target_os = "linux")]
        let kind = rustix::fs::statfs(dir).ok().map(|found| found.f_type);
        #[cfg(not(target_os = "linux"))]
        let kind: Option<i64> = None::<i64>.filter(|_| dir.is_absolute());
        kind.map_or(Self { remote: None }, Self::of_number)
    }

    /// The same by the number of its kind, which some machines give with a sign.
    #[must_use]
    pub fn of_number(kind: i64) -> Self {
        let kind = kind & 0xffff_ffff;
        let remote = REMOTE
            .iter()
            .find(|(known, _)| i64::from(*known) == kind)
            .map(|(_, name)| *name);
        Self { remote }
    }

    /// The kind, where it is none of this machine's own.
    #[must_use]
    pub fn remote(self) -> Option<&'static str> {
        self.remote
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By the kernel's own list, `include/uapi/linux/magic.h`, and where a kind is not in it, by what its maker says.
    #[test]
    fn whatever_other_machines_may_write_is_known_and_what_they_cannot_is_not() {
        for (number, what) in [
            (0x6969, "nfs, nfs4"),
            (0x517b, "smb"),
            (0xff53_4d42, "cifs"),
            (0xfe53_4d42, "smb2, smb3"),
            (
                0x6573_5546,
                "fuse, sshfs, s3fs, rclone, davfs, glusterfs, mergerfs, virtiofs",
            ),
            (0x0102_1997, "9p, drvfs of WSL 2"),
            (0x5346_414f, "afs"),
            (0x6b41_4653, "kafs"),
            (0x7375_7245, "coda"),
            (0x00c3_6400, "ceph"),
            (0x0bd0_0bd0, "lustre"),
            (0x4750_4653, "gpfs"),
            (0x0116_1970, "gfs2"),
            (0x7461_636f, "ocfs2"),
            (0x786f_4256, "vboxsf"),
            (0xbacb_acbc, "vmhgfs"),
            (0x7c7c_6673, "prl_fs"),
            (0x5346_4846, "drvfs of WSL 1"),
            (0x564c, "ncp"),
            (0xaad7_aaea, "panfs"),
            (0x1983_0326, "beegfs"),
            (0x2003_0528, "orangefs"),
            (0x6163_6673, "acfs"),
            (0xbeef_dead, "snfs"),
        ] {
            assert!(Disk::of_number(number).remote().is_some(), "{what}");
        }
        for (number, what) in [
            (0xef53, "ext2, ext3, ext4"),
            (0x5846_5342, "xfs"),
            (0x9123_683e, "btrfs"),
            (0x2fc1_2fc1, "zfs"),
            (0xf2f5_2010, "f2fs"),
            (0xca45_1a4e, "bcachefs"),
            (0x0102_1994, "tmpfs"),
            (0x8584_58f6, "ramfs"),
            (0x794c_7630, "overlay"),
            (0xf15f, "ecryptfs"),
            (0x4d44, "vfat"),
            (0x2011_bab0, "exfat"),
            (0x7366_746e, "ntfs3"),
            (0x5346_544e, "ntfs"),
            (0x5265_4973, "reiserfs"),
            (0x3153_464a, "jfs"),
            (0x7371_7368, "squashfs"),
        ] {
            assert_eq!(Disk::of_number(number).remote(), None, "{what}");
        }
    }

    #[test]
    fn each_kind_of_file_system_is_known_by_its_number() {
        for (number, name) in [
            (0x6969, Some("NFS")),
            (0xff53_4d42, Some("SMB")),
            (0xfe53_4d42, Some("SMB")),
            (
                i64::from(i32::from_ne_bytes(0xff53_4d42_u32.to_ne_bytes())),
                Some("SMB"),
            ),
            (0x6573_5546, Some("FUSE")),
            (0x0102_1997, Some("9P")),
            (0x00c3_6400, Some("Ceph")),
            // overlay, tmpfs, ext4, xfs, btrfs, zfs: of this machine.
            (0x794c_7630, None),
            (0x0102_1994, None),
            (0xef53, None),
            (0x5846_5342, None),
            (0x9123_683e, None),
            (0x2fc1_2fc1, None),
        ] {
            assert_eq!(Disk::of_number(number).remote(), name, "{number:x}");
        }
        assert_eq!(Disk::of(Path::new("/nowhere/at all")).remote(), None);
        assert_eq!(Disk::of(tempfile::tempdir().unwrap().path()).remote(), None);
    }
}
