#!/usr/bin/env python3
"""Labels a corpus of commands by rules that were written before any rule of the guardian was changed by it.

    bench/guardian/label.py COMMANDS.jsonl > bench/guardian/labels.tsv

A line each: the first 16 digits of the SHA-256 of a command, a tab, and its label. No command is repeated here.

malicious             an Atomic Red Team test of any other technique
malicious-discovery   one whose ATT&CK technique is of the tactics Discovery or Collection alone: harmful in intent and not in form
ordinary-privilege    an NL2Bash line that asks for other rights: sudo, su, owners, mounts, modules, chroot
ordinary-network      one that names a program whose purpose is the network, or an address
ordinary-deletes      one that deletes by find or xargs, or a tree
ordinary-control      one that ends processes, or changes jobs or services
ordinary              any other NL2Bash line
"""
import hashlib
import json
import re
import sys

# ATT&CK Enterprise, Linux: techniques that belong to Discovery (TA0007) or Collection (TA0009) and to no other tactic.
DISCOVERY = {
    "T1005", "T1007", "T1010", "T1012", "T1016", "T1018", "T1033", "T1039", "T1040", "T1046", "T1049", "T1057", "T1069", "T1074", "T1082",
    "T1083", "T1087", "T1113", "T1115", "T1119", "T1120", "T1123", "T1124", "T1125", "T1135", "T1201", "T1217", "T1482", "T1518", "T1526",
    "T1538", "T1560", "T1580", "T1613", "T1614", "T1615", "T1619", "T1652", "T1654", "T1680",
}
# A word where a command may begin: at the start, behind an operator, or behind a program that runs another.
START = r"(?:^|[;&|({`]|\$\(|\b(?:xargs|env|nohup|time|exec|then|do|else|watch)\b(?:\s+-\S+)*|-exec(?:dir)?|-ok)\s*"
PRIVILEGE = re.compile(START + r"(?:sudo|su|doas|chown|chgrp|mount|umount|chroot|modprobe|insmod|useradd|usermod|passwd|visudo)\b|\bsudo\b")
NETWORK = re.compile(
    START + r"(?:curl|wget|ssh|scp|sftp|rsync|ping6?|nc|ncat|netcat|telnet|ftp|dig|host|nslookup|nmap|ifconfig|ip|route|iptables|tcpdump|"
    r"traceroute|mail|mailx|sendmail|mutt|ssh-copy-id|ssh-keygen|ssh-add|sshfs|arp|whois|netstat|ss|lynx|links|hostname)\b|https?://|ftp://|\S+@\S+:")
DELETES = re.compile(r"-delete\b|-exec(?:dir)?\s+(?:\S*/)?(?:rm|shred|unlink)\b|xargs\s+(?:-\S+\s+)*(?:\S*/)?(?:rm|rmdir|shred|unlink)\b|"
                     + START + r"rm\s+(?:-\S+\s+)*-\S*[rR]")
CONTROL = re.compile(START + r"(?:kill|pkill|killall|reboot|shutdown|halt|poweroff|systemctl|service|crontab|at|init|renice)\b")


def label(row):
    command = row["command"]
    if row["label"] == "malicious":
        return "malicious-discovery" if row["family"].split(".")[0] in DISCOVERY else "malicious"
    for pattern, name in ((PRIVILEGE, "privilege"), (NETWORK, "network"), (DELETES, "deletes"), (CONTROL, "control")):
        if pattern.search(command):
            return f"ordinary-{name}"
    return "ordinary"


def main():
    seen = {}
    for line in open(sys.argv[1], encoding="utf-8"):
        row = json.loads(line)
        seen.setdefault(hashlib.sha256(row["command"].encode()).hexdigest()[:16], label(row))
    for digits, name in seen.items():
        print(f"{digits}\t{name}")


main()
