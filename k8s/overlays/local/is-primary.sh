# Exits with 0 where the mongod of this pod is the primary of its replica set. The image's mongosh would take a second of processor time,
# every five seconds: this sends {hello: 1, $db: 'admin'} as MongoDB's wire protocol has it (OP_MSG), and looks at the reply.
set -eu
exec 3<>"/dev/tcp/127.0.0.1/${1:-27017}"
header='\x34\0\0\0\x01\0\0\0\0\0\0\0\xdd\x07\0\0'
printf "$header"'\0\0\0\0\0\x1f\0\0\0\x10hello\0\x01\0\0\0\x02$db\0\x06\0\0\0admin\0\0' >&3
length=$(head --bytes=4 <&3 | od --address-radix=n --format=u4)
head --bytes=$((length - 4)) <&3 | grep --quiet --text --perl-regexp 'isWritablePrimary\x00\x01'
