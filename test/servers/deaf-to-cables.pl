#!/usr/bin/perl
# Runs the program in $BERTH_DEAF_PROGRAM with the same arguments, deaf to what happens to this machine's network: the
# kernel answers it and its children that there are no such sockets as rtnetlink(7) comes through.
#
# For Chromium, which ends everything under way (ERR_NETWORK_CHANGED) whenever any network interface of the machine gets or
# loses an address, as with each host that a test starts. Deaf, it takes the network for one that is there and stays.
# In Perl, since every Debian has it and since Node can neither call prctl(2) nor become another program.
use strict;
use warnings;
use POSIX ();

my $program = $ENV{BERTH_DEAF_PROGRAM} or die "BERTH_DEAF_PROGRAM names no program\n";

# prctl(2), socket(2) and the name of the architecture, as the kernel's headers number them.
my %machines = (x86_64 => [157, 41, 0xC000003E], aarch64 => [167, 198, 0xC00000B7]);
my $machine = (POSIX::uname())[4];
my $numbers = $machines{$machine} or die "the numbers of $machine are not known here\n";
my ($prctl, $socket, $architecture) = @$numbers;

# A seccomp filter, seccomp(2): four fields an instruction, BPF's.
my ($load, $jump_if_equal, $return) = (0x20, 0x15, 0x06);
my ($allow, $refuse) = (0x7FFF0000, 0x00050000 | 97);    # 97: EAFNOSUPPORT
my @instructions = (
    [$load, 0, 0, 4],                                    # seccomp_data.arch
    [$jump_if_equal, 0, 7, $architecture],
    [$load, 0, 0, 0],                                    # .nr
    [$jump_if_equal, 0, 5, $socket],
    [$load, 0, 0, 16],                                   # .args[0]
    [$jump_if_equal, 0, 3, 16],                          # AF_NETLINK
    [$load, 0, 0, 32],                                   # .args[2]
    [$jump_if_equal, 0, 1, 0],                           # NETLINK_ROUTE
    [$return, 0, 0, $refuse],
    [$return, 0, 0, $allow],
);
my $filter = join '', map { pack 'SCCL', @$_ } @instructions;
my $described = pack 'Sx6P', scalar @instructions, $filter;

# PR_SET_NO_NEW_PRIVS, without which only root may filter; PR_SET_SECCOMP with SECCOMP_MODE_FILTER.
syscall($prctl, 38, 1, 0, 0, 0) == 0 or die "no new privileges: $!\n";
syscall($prctl, 22, 2, $described, 0, 0) == 0 or die "seccomp: $!\n";

delete $ENV{BERTH_DEAF_PROGRAM};
exec {$program} $program, @ARGV or die "$program: $!\n";
