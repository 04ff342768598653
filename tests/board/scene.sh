#!/bin/bash
# Draws what the USB camera sees in outputs.sh: a yard with a wall and a sensor's noise, 40 s to be played in a circle.
#   usage: scene.sh FILE.mjpeg
# For 20 s nothing happens; then somebody walks through for 12 s, from the left to the right; then nothing again.
set -euo pipefail
yard="color=gray:size=640x480:rate=15,format=yuv420p,
  geq=lum='if(lt(Y,250),150+10*sin(X/9)*sin(Y/6),if(lt(mod(X*7+Y*13,97),40),112,124)+18*sin(Y/25))':
      cb=124:cr=131,trim=end_frame=1,loop=600:1,setpts=N/15/TB"
# A head, a body, and two legs that move; dark clothes.
walker="color=black:size=64x200:rate=15:duration=40,format=yuva420p,
  geq=lum='38+8*sin(Y/5)':cb=130:cr=126:
      a='255*max(lt(hypot((X-32)/13,(Y-18)/17),1),max(lt(hypot((X-32)/21,(Y-78)/48),1),
         between(Y,115,198)*lt(abs(abs(X-32)-12*abs(sin(5*T))*(Y-110)/90),8)))'"
ffmpeg -v error -y -f lavfi -i "$yard" -f lavfi -i "$walker" -filter_complex \
  "[0][1]overlay=x='-64+704*(t-20)/12':y='190+3*sin(10*t)':enable='between(t,20,32)':shortest=0,
   noise=alls=7:allf=t" -frames:v 600 -c:v mjpeg -q:v 4 -f mjpeg "$1"
